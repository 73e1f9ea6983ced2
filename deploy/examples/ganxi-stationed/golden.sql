-- Ganxi town: fifteen units stationed there; five excellent and five good by order.
-- readings: likert0 social_pooled quota_tie_include quota_tie_exclude
\ir ../exact.sql

create temp table subjects (code text collate "C", name text, name_en text, kind text);
create temp table vals (subject text, indicator text, value numeric);
\copy subjects from 'subjects.csv' csv header
\copy vals from 'values.csv' csv header
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, stratum) from 'answers.csv' csv header
insert into panel_size values ('cooperation', 1), ('social', 3);

create temp view point as
  select *, pg_temp.likert(value, :'reading' = 'likert0') as points from mark;

create temp view cooperation as
  select subject, pg_temp.div(sum(points), count(*)) as score, count(*) as n from point where panel = 'cooperation' group by subject;

-- Social evaluation: each type item-first, then the types alike; or all answers together.
create temp view social_type as
  select subject, stratum, pg_temp.div(sum(score), count(*)) as score
  from (select subject, case when :'reading' = 'social_pooled' then 'all' else stratum end as stratum, item,
               pg_temp.div(sum(points), count(*)) as score
        from point where panel = 'social' group by 1, 2, 3) each
  group by subject, stratum;
create temp view social as
  select subject, pg_temp.div(sum(score), count(*)) as score,
         max(score) filter (where stratum = 'people') as people, max(score) filter (where stratum = 'business') as business,
         max(score) filter (where stratum = 'cadre') as cadre
  from social_type group by subject;

create temp view scored as
  select s.code, pg_temp.exact(c.score) as cooperation, c.n, pg_temp.exact(o.score) as social, o.people, o.business as shops, o.cadre,
         v.study, v.business,
         pg_temp.exact(0.2 * c.score + 0.2 * o.score + 0.1 * v.study + 0.5 * v.business) as total
  from subjects s
  join cooperation c on c.subject = s.code
  join social o on o.subject = s.code
  join (select subject, max(value) filter (where indicator = 'study') as study,
               max(value) filter (where indicator = 'business') as business
        from vals group by subject) v on v.subject = s.code;

create temp view ordered as
  select *, rank() over (order by total desc) as rank, count(*) over (partition by total) as tied,
         row_number() over (order by total desc, social desc, business desc, cooperation desc, code) as place
  from scored;

-- last is the last place a subject may stand on: its own in order, the first or the last of its tie.
create temp view placed as
  select *, case :'reading' when 'quota_tie_include' then rank
                            when 'quota_tie_exclude' then rank + tied - 1
                            else place end as last
  from ordered;

copy (
  select code as subject, pg_temp.shown(total) as total, rank,
         case when last <= 5 then '优秀' when last <= 10 then '良好' else '一般' end as grade,
         null as award, null as consequences,
         pg_temp.shown(cooperation) as "score.cooperation", n as "score.cooperation.n", pg_temp.shown(social) as "score.social",
         pg_temp.shown(people) as "score.social.people", pg_temp.shown(shops) as "score.social.business",
         pg_temp.shown(cadre) as "score.social.cadre", pg_temp.shown(study) as "score.study",
         pg_temp.shown(business) as "score.business", place as "order"
  from placed
  order by code
) to stdout with (format csv, header);
