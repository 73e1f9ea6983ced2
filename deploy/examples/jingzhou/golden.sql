-- Jingzhou, 四位一体: 113 city units and nine regions; image by eight panels, work, management.
-- readings: image_weight_25 online_first online_no_dedupe likert0 half_year_not_counted prov_top3_full_marks prov_top3_label_only lose_by_bottom_10_percent vacant_place_filled
\ir ../exact.sql

create temp table subjects (code text collate "C", name text, name_en text, kind text, grp text, prov_top3 text);
create temp table vals (subject text, indicator text, period text, source text, value text, target numeric, weight numeric);
\copy subjects from 'subjects.csv' csv header
\copy vals from 'values.csv' csv header
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, device, count) from 'answers.csv' csv header

create temp table panel (panel text, weight numeric);
insert into panel values ('leaders', 25), ('servants', 10), ('delegates', 15), ('residents', 20),
  ('journalists', 5), ('honorary', 5), ('newspaper', 10), ('online', 10);
insert into panel_size select panel, 1 from panel;

-- One online vote per device and unit: the latest counts, or the first, or every one.
create temp view online as
  select id from (
    select s.*, row_number() over (partition by subject, coalesce('d ' || device, 'i ' || id)
             order by case when :'reading' = 'online_first' then submitted_at end asc,
                      submitted_at desc nulls last, id desc) as place
    from sheet s where panel = 'online' and coalesce(status, 'valid') = 'valid') v
  where place = 1 or :'reading' = 'online_no_dedupe';

create temp view rating as
  select m.subject, m.panel, m.count,
         case when m.panel = 'newspaper' then case m.value when '3' then 100 when '2' then 60 when '1' then 0 end
              else pg_temp.likert(m.value, :'reading' = 'likert0') end as points
  from mark m where m.panel <> 'online' or m.id in (select id from online);
create temp view panel_score as
  select subject, panel, sum(count) as n, pg_temp.div(sum(count * points), sum(count)) as score
  from rating group by subject, panel;
create temp table image as
  select s.subject, pg_temp.exact(pg_temp.div(sum(p.weight * s.score) filter (where n >= 5), sum(p.weight) filter (where n >= 5))) as image,
         jsonb_object_agg(s.panel, pg_temp.shown(score)) filter (where n >= 5) as score, jsonb_object_agg(s.panel, n) as n
  from panel_score s join panel p using (panel) group by s.subject;

create temp view city_work as
  select subject, greatest(floor_at, key) as key, greatest(floor_at, business) as business
  from (select s.code as subject, pg_temp.div(sum(v.value::numeric) filter (where v.indicator like 'key.%'), 6) as key,
               max(v.value::numeric) filter (where v.indicator like 'business.%') as business,
               case when s.prov_top3 = 'yes' then
                 case :'reading' when 'prov_top3_full_marks' then 100 when 'prov_top3_label_only' then null else 90 end end as floor_at
        from subjects s join vals v on v.subject = s.code
        where s.grp = 'city' and split_part(v.indicator, '.', 1) in ('key', 'business')
        group by s.code, s.prov_top3) raw;
create temp view region_work as
  select subject, 100 * sum(weight * case
           when indicator not like 'region.lower.%' then least(1, pg_temp.div(value::numeric, target))
           when value::numeric <= target then 1
           else pg_temp.div(target, value::numeric) end) as region
  from vals where indicator like 'region.%' group by subject;

-- Each department's year, 0..100, and its half-year evaluation.
create temp view department as
  select subject, source,
         max(value::numeric) filter (where indicator = 'management.half') as half,
         least(100, greatest(0,
           max(case value when '一档' then 100 when '二档' then 90 when '三档' then 80 end) filter (where indicator = 'management.tier')
           + coalesce(sum(value::numeric) filter (where indicator = 'management.quarter'), 0))) as year
  from vals where indicator like 'management.%' group by subject, source;
create temp view management as
  select subject, pg_temp.div(sum(case when :'reading' = 'half_year_not_counted' then year else 0.3 * half + 0.7 * year end), count(*)) as management
  from department group by subject;

create temp table scored as
  select s.code as subject, s.grp, s.prov_top3, i.image, i.score, i.n, c.key, c.business, r.region, m.management,
         coalesce((c.key + c.business) / 2, r.region) as work,
         pg_temp.exact(case when :'reading' = 'image_weight_25' then 0.25 else 0.30 end * i.image
                     + case when :'reading' = 'image_weight_25' then 0.55 else 0.50 end * coalesce((c.key + c.business) / 2, r.region)
                     + 0.20 * m.management) as total
  from subjects s
  join image i on i.subject = s.code
  join management m on m.subject = s.code
  left join city_work c on c.subject = s.code
  left join region_work r on r.subject = s.code
  where s.kind = 'unit';

create temp view ranked as
  select *, rank() over (partition by grp order by total desc) as rank,
         rank() over (partition by grp order by image desc) as image_rank,
         count(*) over (partition by grp) as members
  from scored;
create temp view kept as
  select *, case when :'reading' = 'lose_by_bottom_10_percent' then image_rank <= members - floor(members / 10.0)
                 else image >= 72 end as keeps
  from ranked;
create temp view commended as
  select *, keeps and floor(0.3 * members) >=
         case when :'reading' = 'vacant_place_filled' then rank() over (partition by grp, keeps order by total desc) else rank end as advanced
  from kept;

create temp view result as
  select subject, pg_temp.shown(total) as total, rank, null as grade,
         case when advanced then '先进' end as award, null as consequences,
         pg_temp.shown(image) as image, image_rank as "image.rank", pg_temp.shown(work) as work,
         pg_temp.shown(key) as "work.city.key", pg_temp.shown(business) as "work.city.business",
         case when prov_top3 = 'yes' then '先进' end as "work.label",
         pg_temp.shown(region) as "work.region", pg_temp.shown(management) as management,
         score ->> 'leaders' as "image.leaders", score ->> 'servants' as "image.servants",
         score ->> 'delegates' as "image.delegates", score ->> 'residents' as "image.residents",
         score ->> 'journalists' as "image.journalists", score ->> 'honorary' as "image.honorary",
         score ->> 'newspaper' as "image.newspaper", score ->> 'online' as "image.online",
         n ->> 'leaders' as "image.leaders.n", n ->> 'servants' as "image.servants.n",
         n ->> 'delegates' as "image.delegates.n", n ->> 'residents' as "image.residents.n",
         n ->> 'journalists' as "image.journalists.n", n ->> 'honorary' as "image.honorary.n",
         n ->> 'newspaper' as "image.newspaper.n", n ->> 'online' as "image.online.n"
  from commended;

select :'reading' = 'default' as whole \gset
\if :whole
copy (select * from result order by subject) to stdout with (format csv, header);
\else
copy (select subject, total, rank, award, image, "image.rank", work, "work.city.key", "work.city.business", management
      from result order by subject) to stdout with (format csv, header);
\endif
