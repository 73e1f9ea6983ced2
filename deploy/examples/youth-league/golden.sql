-- Communist Youth League key work: self, youth, leaders, comprehensive, bonus.
-- readings: self_excluded youth_pooled no_min_answers percent_targets_proportional late_zero bonus_uncapped
\ir ../exact.sql
create temp table subject (code text collate "C" primary key, name text, name_en text, kind text, class text);
create temp table value (subject text, indicator text, value numeric, target numeric, date date, due date, weight numeric);
create temp table entry (id text, subject text, kind text, points numeric, reason text, date date, approved text);
\copy subject from 'subjects.csv' with (format csv, header)
\copy value from 'values.csv' with (format csv, header)
\copy entry from 'ledger.csv' with (format csv, header)
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, stratum, count) from 'answers.csv' with (format csv, header)
insert into panel_size values ('youth', 4), ('leader', 5);

-- Youth: item-first per type of respondent; the types count equally.
create temp table type_size as
  select subject, stratum, sum(count) as n from cleaned where panel = 'youth' group by 1, 2;
create temp table type_score as
  select subject, stratum, pg_temp.div(sum(mean), count(*)) as score
  from (select k.subject, case when :'reading' = 'youth_pooled' then 'all' else k.stratum end as stratum, k.item,
               pg_temp.div(sum(pg_temp.likert(k.value, false) * k.count), sum(k.count)) as mean
        from mark k join type_size z using (subject, stratum)
        where k.panel = 'youth' and (z.n >= 3 or :'reading' in ('youth_pooled', 'no_min_answers'))
        group by 1, 2, 3) x
  group by 1, 2;
create temp table youth as
  select subject, pg_temp.div(sum(score), count(*)) as score from type_score group by 1;

create temp table leader as
  select subject, pg_temp.div(sum(mean), count(*)) as score
  from (select subject, item, pg_temp.div(sum(pg_temp.likert(value, false) * count), sum(count)) as mean
        from mark where panel = 'leader' group by 1, 2) x
  group by 1;

-- Counties: completion of each indicator by its kind, then the plain mean.
create temp table completion as
  select v.subject, v.indicator, done * case
           when done < 1 or v.date is null or v.due is null or v.date <= v.due then 1
           when :'reading' = 'late_zero' then 0 else 0.9 end as completion
  from value v join subject s on s.code = v.subject cross join lateral (
    select case
      when v.indicator like 'count.%' or :'reading' = 'percent_targets_proportional'
        then least(1, pg_temp.div(v.value, v.target))
      when v.indicator like 'over.%' then (v.value > v.target)::integer
      when v.indicator like 'reach.%' then (v.value >= v.target)::integer end as done) d
  where s.kind = 'county' and v.indicator <> 'self';
create temp table comprehensive as
  select subject, 100 * pg_temp.div(sum(completion), count(*)) as score from completion group by 1
  union all
  select subject, pg_temp.div(sum(weight * value), sum(weight)) from value where indicator like 'task.%' group by 1;

create temp table part as
  select subject, 'self' as part, value as score,
         case when :'reading' = 'self_excluded' then 0 else 10 end as weight from value where indicator = 'self'
  union all select subject, 'youth', score, 30 from youth
  union all select subject, 'leader', score, 20 from leader
  union all select subject, 'comprehensive', score, 40 from comprehensive;
create temp table bonus as
  select s.code as subject, coalesce(sum(e.points), 0) as points
  from subject s left join entry e on e.subject = s.code and e.kind = 'bonus' and e.approved = 'yes'
       and e.date between '2025-01-01' and '2025-12-31'
  group by 1;
update bonus set points = least(points, 5) where :'reading' <> 'bonus_uncapped';
create temp table result as
  select s.code as subject, s.class, pg_temp.div(sum(p.weight * p.score), sum(p.weight)) as base, min(b.points) as bonus
  from subject s join part p on p.subject = s.code join bonus b on b.subject = s.code group by 1, 2;

create function pg_temp.part_of(wanted_subject text, wanted text) returns numeric language sql as $$
  select pg_temp.shown(score) from part where subject = wanted_subject and part = wanted $$;
create function pg_temp.type_of(wanted_subject text, wanted text) returns numeric language sql as $$
  select pg_temp.shown(score) from type_score where subject = wanted_subject and stratum = wanted $$;
create function pg_temp.type_n(wanted_subject text, wanted text) returns numeric language sql as $$
  select coalesce((select n from type_size where subject = wanted_subject and stratum = wanted), 0) $$;
copy (
  select subject, pg_temp.shown(base + bonus) as total,
    rank() over (partition by class order by pg_temp.exact(base + bonus) desc) as rank,
    null as grade, null as award, null as consequences,
    pg_temp.part_of(subject, 'self') as self, pg_temp.part_of(subject, 'youth') as youth,
    pg_temp.part_of(subject, 'leader') as leader, pg_temp.part_of(subject, 'comprehensive') as comprehensive,
    pg_temp.shown(base) as base, pg_temp.shown(bonus) as bonus,
    pg_temp.type_of(subject, 'student') as "youth.student", pg_temp.type_n(subject, 'student') as "youth.student.n",
    pg_temp.type_of(subject, 'urban') as "youth.urban", pg_temp.type_n(subject, 'urban') as "youth.urban.n",
    pg_temp.type_of(subject, 'rural') as "youth.rural", pg_temp.type_n(subject, 'rural') as "youth.rural.n",
    pg_temp.type_of(subject, 'founder') as "youth.founder", pg_temp.type_n(subject, 'founder') as "youth.founder.n",
    pg_temp.type_of(subject, 'migrant') as "youth.migrant", pg_temp.type_n(subject, 'migrant') as "youth.migrant.n"
  from result order by class, subject
) to stdout with (format csv, header);
