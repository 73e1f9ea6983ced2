-- Xinping county offices: public part 30, own job 70, post coefficient, a quarter's pool in cents.
-- readings: coef_on_job_part rank_by_score pool_by_coef_sum no_prorating
\ir ../exact.sql
create temp table subject (code text collate "C" primary key, name text, name_en text, kind text, class text, parent text, coef numeric, months numeric);
create temp table value (subject text, indicator text, month text, value numeric);
create temp table entry (id text, subject text, kind text, points numeric, date date, approved text, reason text);
\copy subject from 'subjects.csv' with (format csv, header)
\copy value from 'values.csv' with (format csv, header)
\copy entry from 'ledger.csv' with (format csv, header)
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, count) from 'answers.csv' with (format csv, header)
insert into panel_size values ('peer', 4);

-- Marks: the mean of the months that have one.
create temp table marked as
  select subject, indicator, pg_temp.div(sum(value), count(*)) as score from value group by 1, 2;
-- Discipline: 10 less the month's deductions, never below 0, in each month with marks.
create temp table discipline as
  select subject, pg_temp.div(sum(points), count(*)) as score
  from (select m.subject, m.month, greatest(0, 10 - coalesce(sum(e.points), 0)) as points
        from (select distinct subject, month from value) m
        left join entry e on e.subject = m.subject and e.kind = 'deduction' and coalesce(e.approved, 'yes') = 'yes'
             and e.date between '2025-07-01' and '2025-09-30' and to_char(e.date, 'MM') = m.month
        group by 1, 2) x
  group by 1;
create temp table style as
  select subject, pg_temp.div(sum(mean), 10 * count(*)) as score
  from (select subject, item, pg_temp.div(sum(pg_temp.likert(value, false) * count), sum(count)) as mean from mark group by 1, 2) x
  group by 1;
create temp table person as
  select s.code as subject, s.class, s.coef, s.months, st.score as study, d.score as discipline, y.score as style,
         du.score as duties, ta.score as targets,
         st.score + d.score + y.score as public, du.score + ta.score as job
  from subject s
  join marked st on st.subject = s.code and st.indicator = 'study'
  join marked du on du.subject = s.code and du.indicator = 'duties'
  join marked ta on ta.subject = s.code and ta.indicator = 'targets'
  join discipline d on d.subject = s.code
  join style y on y.subject = s.code
  where s.kind = 'person';
create temp table valued as
  select *, public + job as score,
         case when :'reading' = 'coef_on_job_part' then public + coef * job else coef * (public + job) end as value
  from person;

-- Money, by value times months (over 3, which cancels): floor to cents, then one cent each by falling remainder, ties by code; offices first.
create temp table office_pay as
  with share as (
    select class, sum(case when :'reading' = 'pool_by_coef_sum' then coef else 1 end) as part from person group by 1),
  due as (select class, pg_temp.exact(pg_temp.div(34500000 * part, (select sum(part) from share))) as cents from share)
  select class, floor(cents) + case when row_number() over (order by cents - floor(cents) desc, class)
           <= 34500000 - (select sum(floor(cents)) from due) then 1 else 0 end as cents
  from due;
create temp table pay as
  with share as (
    select subject, class, value * case when :'reading' = 'no_prorating' then 1 else months end as part from valued),
  due as (
    select s.subject, s.class, o.cents as office,
           pg_temp.exact(pg_temp.div(o.cents * s.part, sum(s.part) over (partition by s.class))) as cents
    from share s join office_pay o using (class))
  select subject, floor(cents) + case when
           row_number() over (partition by class order by cents - floor(cents) desc, subject collate "C")
           <= office - sum(floor(cents)) over (partition by class) then 1 else 0 end as cents
  from due;

copy (
  select v.subject, pg_temp.shown(value) as total,
    rank() over (partition by class order by pg_temp.exact(case when :'reading' = 'rank_by_score' then score else value end) desc) as rank,
    null as grade, null as award, null as consequences, p.cents::bigint as "pay.cents", null::bigint as headcount,
    pg_temp.shown(score) as score, pg_temp.shown(public) as public, pg_temp.shown(study) as study,
    pg_temp.shown(discipline) as discipline, pg_temp.shown(style) as style,
    (select sum(count) from cleaned c where c.subject = v.subject) as "style.n",
    pg_temp.shown(job) as job, pg_temp.shown(duties) as duties, pg_temp.shown(targets) as targets
  from valued v join pay p using (subject)
  union all
  select o.class, null, null, null, null, null, o.cents::bigint, (select count(*) from person p where p.class = o.class),
    null, null, null, null, null, null, null, null, null
  from office_pay o
  order by 1
) to stdout with (format csv, header);
