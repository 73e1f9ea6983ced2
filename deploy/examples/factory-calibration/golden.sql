-- Factory: five ways to level uneven department averages; every way is a column.
-- readings: quality_mean_of_daily_rates
-- The z-score takes square roots: they are computed to 60 decimals and the score is rounded to 40.
\ir ../exact.sql
create temp table subject (code text collate "C" primary key, name text, name_en text, kind text, parent text);
create temp table value (subject text, indicator text, value numeric, target numeric, date date);
\copy subject from 'subjects.csv' with (format csv, header)
\copy value from 'values.csv' with (format csv, header)
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at) from 'answers.csv' with (format csv, header)
insert into panel_size values ('foremen', 4);

create function pg_temp.own(wanted_subject text, wanted text) returns numeric language sql as $$
  select value from value where subject = wanted_subject and indicator = wanted $$;
-- Own mark, else the daily inspection records.
create temp table daily as
  select subject, case when :'reading' = 'quality_mean_of_daily_rates'
           then 100 * pg_temp.div(sum(pg_temp.div(value, target)), count(*))
           else pg_temp.div(100 * sum(value), sum(target)) end as rate
  from value where indicator = 'inspection' group by 1;
-- Own mark, else the team's: produced against planned.
create temp table team as
  select subject as department, pg_temp.div(100 * value, target) as rate
  from value join subject on code = subject and kind = 'department' where indicator = 'output';
-- Own mark, else what the foremen answer.
create temp table asked as
  select subject, pg_temp.div(sum(mean), count(*)) as score
  from (select subject, item, pg_temp.div(sum(pg_temp.likert(value, false)), count(*)) as mean from mark group by 1, 2) x
  group by 1;
create temp table part as
  select s.code as subject, s.parent as department,
         coalesce(pg_temp.own(s.code, 'quality'), d.rate) as quality,
         coalesce(pg_temp.own(s.code, 'output'), t.rate) as output,
         coalesce(pg_temp.own(s.code, 'execution'), a.score) as execution, pg_temp.own(s.code, 'cost') as cost
  from subject s left join daily d on d.subject = s.code left join team t on t.department = s.parent
    left join asked a on a.subject = s.code
  where s.kind = 'person';
create temp table raw as
  select *, pg_temp.exact(0.3 * quality + 0.3 * output + 0.2 * execution + 0.2 * cost) as raw from part;

create temp table overall as
  select m, pg_temp.div(sum((raw - m) ^ 2), count(*) - 1) as variance,
         pg_temp.div(sum(pg_temp.own(department, 'performance')), count(*)) as performance
  from raw cross join (select pg_temp.div(sum(raw), count(*)) as m from raw) x group by m;
create temp table department as
  select department, m, pg_temp.div(sum((raw - m) ^ 2), count(*) - 1) as variance,
         count(distinct raw) > 1 as spread, pg_temp.own(department, 'performance') as performance
  from raw join (select department, pg_temp.div(sum(raw), count(*)) as m from raw group by 1) x using (department)
  group by 1, 2;
create temp table levelled as
  select r.*, d.m as department_mean, o.m as overall_mean,
         pg_temp.div(raw * o.m, d.m) as ratio,
         raw + o.m - d.m as shift,
         case when d.spread then o.m + sqrt(round(pg_temp.div(o.variance, d.variance), 60)) * (raw - d.m)
              else raw + o.m - d.m end as zscore,
         pg_temp.div(raw * o.m * d.performance, d.m * o.performance) as calibrated
  from raw r join department d using (department) cross join overall o;

copy (
  select subject, pg_temp.shown(calibrated) as total, rank() over (order by pg_temp.exact(calibrated) desc) as rank,
    null as grade, null as award, null as consequences,
    pg_temp.shown(raw) as raw, rank() over (order by pg_temp.exact(raw) desc) as "raw.rank",
    pg_temp.shown(ratio) as ratio, rank() over (order by pg_temp.exact(ratio) desc) as "ratio.rank",
    pg_temp.shown(shift) as shift, rank() over (order by pg_temp.exact(shift) desc) as "shift.rank",
    pg_temp.shown(zscore) as zscore, rank() over (order by pg_temp.exact(zscore) desc) as "zscore.rank",
    pg_temp.shown(calibrated) as calibrated, rank() over (order by pg_temp.exact(calibrated) desc) as "calibrated.rank",
    pg_temp.shown((raw + calibrated) / 2) as gradual_half,
    rank() over (order by pg_temp.exact(raw + calibrated) desc) as "gradual_half.rank",
    pg_temp.shown(quality) as quality, pg_temp.shown(output) as output, pg_temp.shown(execution) as execution,
    pg_temp.shown(cost) as cost
  from levelled order by subject
) to stdout with (format csv, header);
