-- Ganxi town: its leaders, by work in charge, linked villages, study and attendance.
-- readings: no_cap_on_completion
\ir ../exact.sql

create temp table subjects (code text collate "C", name text, name_en text, kind text, post text);
create temp table vals (subject text, indicator text, value numeric, target numeric, weight numeric);
create temp table ledger (id text, subject text, kind text, level text, matter text, date date, approved text, reason text);
create temp table params (name text, value text);
\copy subjects from 'subjects.csv' csv header
\copy vals from 'values.csv' csv header
\copy ledger from 'ledger.csv' csv header
\copy params from 'params.csv' csv header
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at) from 'answers.csv' csv header
insert into panel_size values ('colleagues', 4);

-- What colleagues say of somebody's study, where there is no mark on record.
create temp view asked as
  select subject, pg_temp.div(sum(mean), count(*)) as study
  from (select subject, item, pg_temp.div(sum(pg_temp.likert(value, false)), count(*)) as mean from mark group by 1, 2) x
  group by 1;

create temp view leader as
  select s.code, v.charge, v.villages, coalesce(v.study, a.study) as study, v.attendance, coalesce(b.bonus, 0) as bonus
  from subjects s
  join (select subject,
               sum(weight * 100 * case when :'reading' = 'no_cap_on_completion' then pg_temp.div(value, target)
                                       else least(1, pg_temp.div(value, target)) end)
                 filter (where indicator like 'charge.%') as charge,
               pg_temp.div(sum(value) filter (where indicator like 'villages.%'),
                           count(*) filter (where indicator like 'villages.%')) as villages,
               max(value) filter (where indicator = 'study') as study,
               max(pg_temp.div(100 * value, target)) filter (where indicator = 'attendance') as attendance
        from vals group by subject) v on v.subject = s.code
  left join (select subject, sum(case level when 'national' then 5 when 'provincial' then 3 when 'city' then 2 when 'county' then 1 end) as bonus
             from ledger
             where kind = 'award' and coalesce(approved, 'yes') = 'yes' and date between '2025-01-01' and '2025-12-31'
             group by subject) b on b.subject = s.code
  left join asked a on a.subject = s.code;
create temp view total as
  select *, pg_temp.exact(0.6 * charge + 0.3 * villages + 0.1 * pg_temp.div(study + attendance, 2) + bonus) as total from leader;
create temp view share as
  select code, cents, pg_temp.exact(pg_temp.div(cents * total, sum(total) over ())) as share
  from total, (select 100 * value::numeric as cents from params where name = 'pool') p;
create temp view pay as
  select code, floor(share) + (row_number() over (order by share - floor(share) desc, code)
                               <= cents - sum(floor(share)) over ())::integer as pay
  from share;

copy (
  select code as subject, pg_temp.shown(total) as total, rank() over (order by total desc) as rank,
         null as grade, null as award, null as consequences,
         pg_temp.shown(charge) as "score.charge", pg_temp.shown(villages) as "score.villages", pg_temp.shown(study) as "score.study.marks",
         pg_temp.shown(attendance) as "score.study.attendance", pg_temp.shown(bonus) as bonus, pay as "pay.cents"
  from total join pay using (code)
  order by subject
) to stdout with (format csv, header);
