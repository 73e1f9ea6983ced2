-- 360 degrees for a top management team: five sources, gaps, strengths, the team.
-- readings: self_excluded items_equal_weight no_minimum_group_size
\ir ../exact.sql
create temp table subject (code text collate "C" primary key, name text, name_en text, kind text, parent text, post text);
\copy subject from 'subjects.csv' with (format csv, header)
\copy answers (id, panel, respondent, subject, item, value, relation, status, submitted_at, stratum, count) from 'answers.csv' with (format csv, header)
insert into panel_size values ('shareholder', 16), ('self', 16), ('peer', 16), ('subordinate', 16), ('grassroots', 4);

create temp table source (source text, weight numeric, minimum integer);
insert into source values ('shareholder', 30, 0), ('self', 5, 0), ('peer', 20, 3), ('subordinate', 25, 3), ('grassroots', 20, 3);
update source set weight = 0 where source = 'self' and :'reading' = 'self_excluded';
update source set minimum = 0 where :'reading' = 'no_minimum_group_size';
create temp table item (item text, dimension text, place integer);
insert into item
  select 'b' || i, 'ability', i from generate_series(1, 4) i union all
  select 'l' || i, 'leadership', 4 + i from generate_series(1, 4) i union all
  select 'q' || i, 'quality', 8 + i from generate_series(1, 8) i;

-- Responses that count, and the sources large enough to be seen.
create temp table size as
  select m.code as subject, s.source, coalesce(sum(c.count), 0) as n
  from subject m cross join source s left join cleaned c on c.subject = m.code and c.panel = s.source
  group by 1, 2;
create temp table item_mean as
  select k.subject, k.panel as source, k.item, i.dimension, i.place,
         pg_temp.div(sum(k.value::numeric * k.count), sum(k.count)) as mean
  from mark k join source s on s.source = k.panel join size z on z.subject = k.subject and z.source = k.panel
       left join item i on i.item = k.item
  where z.n >= s.minimum group by 1, 2, 3, 4, 5;

-- A source's score: the mean of its three dimension means; the grassroots have one dimension.
create temp table dimension_mean as
  select subject, source, coalesce(dimension, 'perception') as dimension, pg_temp.div(sum(mean), count(*)) as mean
  from item_mean group by 1, 2, 3;
create temp table source_score as
  select subject, source, pg_temp.div(sum(mean), count(*)) as score
  from (select subject, source, mean from dimension_mean where :'reading' <> 'items_equal_weight'
        union all select subject, source, mean from item_mean where :'reading' = 'items_equal_weight') x
  group by 1, 2;
create temp table total as
  select c.subject, pg_temp.div(sum(s.weight * c.score), sum(s.weight)) as total
  from source_score c join source s using (source) join subject m on m.code = c.subject
  where m.kind = 'member' group by 1;

-- Self against the others who are seen, per dimension.
create temp table gap as
  select e.subject, e.dimension, e.mean - o.mean as gap
  from dimension_mean e
  join (select subject, dimension, pg_temp.div(sum(mean), count(*)) as mean from dimension_mean
        where source in ('shareholder', 'peer', 'subordinate') group by 1, 2) o using (subject, dimension)
  where e.source = 'self';

-- Items by the mean of the source means.
create temp table listed as
  select subject, string_agg(item, '|' order by high) filter (where high <= 3) as strengths,
         string_agg(item, '|' order by low) filter (where low <= 3) as weaknesses
  from (select subject, item,
               row_number() over (partition by subject order by pg_temp.exact(mean) desc, place) as high,
               row_number() over (partition by subject order by pg_temp.exact(mean), place) as low
        from (select subject, item, place, pg_temp.div(sum(mean), count(*)) as mean from item_mean
              where source in ('shareholder', 'peer', 'subordinate') group by 1, 2, 3) x) y
  group by 1;

create temp table result as
  select m.code as subject, m.kind,
         case m.kind when 'team' then (select pg_temp.div(sum(total), count(*)) from total) else t.total end as total,
         case m.kind when 'member' then rank() over (partition by m.kind order by pg_temp.exact(t.total) desc) end as rank
  from subject m left join total t on t.subject = m.code;
create function pg_temp.source_of(member text, wanted text) returns numeric language sql as $$
  select case (select kind from subject where code = member)
    when 'member' then (select score from source_score where subject = member and source = wanted)
    else (select pg_temp.div(sum(score), count(*)) from source_score join subject on code = subject
          where kind = 'member' and source = wanted) end $$;
create function pg_temp.dimension_of(member text, wanted text, part text) returns numeric language sql as $$
  select mean from dimension_mean where subject = member and source = wanted and dimension = part $$;
create function pg_temp.gap_of(member text, part text) returns numeric language sql as $$
  select pg_temp.exact(gap) from gap where subject = member and dimension = part $$;
create function pg_temp.label(gap numeric) returns text language sql as $$
  select case when gap >= 0.5 then '盲点' when gap <= -0.5 then '潜能' end $$;

copy (
  select r.subject, pg_temp.shown(r.total) as total, r.rank, null as grade, null as award, null as consequences,
    pg_temp.shown(20 * r.total) as overall_100,
    pg_temp.shown(pg_temp.source_of(r.subject, 'shareholder')) as shareholder,
    pg_temp.shown(pg_temp.source_of(r.subject, 'self')) as self,
    pg_temp.shown(pg_temp.source_of(r.subject, 'peer')) as peer,
    pg_temp.shown(pg_temp.source_of(r.subject, 'subordinate')) as subordinate,
    pg_temp.shown(pg_temp.source_of(r.subject, 'grassroots')) as grassroots,
    (select n from size z where z.subject = r.subject and source = 'peer' and r.kind = 'member') as "peer.n",
    (select n from size z where z.subject = r.subject and source = 'subordinate' and r.kind = 'member') as "subordinate.n",
    (select n from size z where z.subject = r.subject and source = 'grassroots' and r.kind = 'member') as "grassroots.n",
    pg_temp.shown(pg_temp.gap_of(r.subject, 'ability')) as "gap.ability",
    pg_temp.label(pg_temp.gap_of(r.subject, 'ability')) as "label.ability",
    pg_temp.shown(pg_temp.gap_of(r.subject, 'leadership')) as "gap.leadership",
    pg_temp.label(pg_temp.gap_of(r.subject, 'leadership')) as "label.leadership",
    pg_temp.shown(pg_temp.gap_of(r.subject, 'quality')) as "gap.quality",
    pg_temp.label(pg_temp.gap_of(r.subject, 'quality')) as "label.quality",
    l.strengths, l.weaknesses,
    case r.kind when 'team' then pg_temp.shown((select score from source_score c where c.subject = r.subject)) end as sheet,
    case r.kind when 'team' then pg_temp.shown(pg_temp.dimension_of(r.subject, 'shareholder', 'ability')) end as "sheet.ability",
    case r.kind when 'team' then pg_temp.shown(pg_temp.dimension_of(r.subject, 'shareholder', 'leadership')) end as "sheet.leadership",
    case r.kind when 'team' then pg_temp.shown(pg_temp.dimension_of(r.subject, 'shareholder', 'quality')) end as "sheet.quality"
  from result r left join listed l on l.subject = r.subject and r.kind = 'member'
  order by r.kind desc, r.subject
) to stdout with (format csv, header);
