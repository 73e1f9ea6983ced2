-- A district's yearly responsibility letter: towns, village clinics, schools, tax officers.
-- The rules stand in worked.md.
\ir ../exact.sql
create temp table subject (code text collate "C" primary key, name text, name_en text, kind text, parent text, population numeric);
create temp table value (subject text, indicator text, period text, value numeric, target numeric, date date, due date, weight numeric);
create temp table entry (id text, subject text, kind text, points numeric, date date, approved text, reason text);
create temp table past (period integer, subject text, total numeric, grade text);
\copy subject from 'subjects.csv' with (format csv, header)
\copy value from 'values.csv' with (format csv, header)
\copy entry from 'ledger.csv' with (format csv, header)
\copy past from 'history.csv' with (format csv, header)
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, stratum, count) from 'answers.csv' with (format csv, header)
insert into panel_size values ('outside', 3), ('education', 4);
delete from entry where date not between '2025-01-01' and '2025-12-31' or approved = 'no';

create temp table survey as
  select panel, subject, coalesce(stratum, '') as stratum, pg_temp.div(sum(mean), count(*)) as score, 0::numeric as n
  from (select panel, subject, stratum, item, pg_temp.div(sum(pg_temp.likert(value, false) * count), sum(count)) as mean
        from mark group by 1, 2, 3, 4) x
  group by 1, 2, 3;
update survey s set n = (select sum(count) from cleaned c
  where c.panel = s.panel and c.subject = s.subject and coalesce(c.stratum, '') = s.stratum);

-- Towns: a mark out of 100 for each target by its kind.
create temp table target_mark as
  select v.subject, split_part(v.indicator, '.', 1) as kind, v.weight,
         case split_part(v.indicator, '.', 1)
           when 'amount' then 100 * least(1, pg_temp.div(v.value, v.target))
           when 'position' then pg_temp.div(100 * (v.target + 1 - v.value), v.target)
           when 'deadline' then case when v.value = 0 or v.date is null then 0 else greatest(0, 100 - 5 * greatest(0, v.date - v.due)) end
           when 'error' then case when v.value <= 0.01 * v.target then 100 when v.value <= 0.03 * v.target then 80
             when v.value <= 0.05 * v.target then 60 else 0 end end as mark
  from value v join subject s on s.code = v.subject and s.kind = 'town';
create temp table letter as
  select subject, pg_temp.div(sum(weight * mark), sum(weight)) as letter,
         pg_temp.div(sum(weight * mark) filter (where kind = 'amount'), sum(weight) filter (where kind = 'amount')) as amount,
         pg_temp.div(sum(weight * mark) filter (where kind = 'position'), sum(weight) filter (where kind = 'position')) as position,
         pg_temp.div(sum(weight * mark) filter (where kind = 'deadline'), sum(weight) filter (where kind = 'deadline')) as deadline,
         pg_temp.div(sum(weight * mark) filter (where kind = 'error'), sum(weight) filter (where kind = 'error')) as error
  from target_mark group by 1;
create temp table town as
  select l.*, v.n, case when v.n >= 30 then v.score end as satisfaction,
         case when v.n >= 30 then pg_temp.exact(0.8 * l.letter + 0.2 * v.score) else pg_temp.exact(l.letter) end as base,
         least(3, coalesce((select sum(points) from entry e where e.subject = l.subject and e.kind = 'bonus' and approved = 'yes'), 0)) as bonus,
         coalesce((select sum(points) from entry e where e.subject = l.subject and e.kind = 'deduction'), 0) as deduction,
         exists (select from entry e where e.subject = l.subject and e.kind = 'veto' and approved = 'yes') as vetoed
  from letter l left join survey v on v.subject = l.subject and v.panel = 'outside';
create temp table placed as
  select *, base + bonus - deduction as total,
         case when not vetoed then rank() over (partition by vetoed order by base + bonus - deduction desc) end as rank,
         row_number() over (partition by vetoed order by base + bonus - deduction desc, satisfaction desc nulls last, letter desc) as place,
         floor(0.3 * count(*) over ()) as places
  from town;
create temp table graded as
  select *, case when vetoed then '不合格' when place <= places and total >= 85 then '优秀' when total >= 75 then '良好'
           when total >= 60 then '合格' else '不合格' end as grade,
         (select grade from past p where p.subject = placed.subject and period = 2024) as last,
         (select grade from past p where p.subject = placed.subject and period = 2023) as before_last
  from placed;

-- Clinics: per 1000 inhabitants 60 and 20 patients under care, 60 % of them in good order.
create temp table clinic as
  select s.code as subject,
         case when h.value >= 60 * s.population / 1000 then 25 else 0 end as care_h,
         case when ho.value >= 0.6 * h.value then 25 else 0 end as order_h,
         case when d.value >= 20 * s.population / 1000 then 25 else 0 end as care_d,
         case when o.value >= 0.6 * d.value then 25 else 0 end as order_d
  from subject s
  join value h on h.subject = s.code and h.indicator = 'care.hypertension'
  join value ho on ho.subject = s.code and ho.indicator = 'order.hypertension'
  join value d on d.subject = s.code and d.indicator = 'care.diabetes'
  join value o on o.subject = s.code and o.indicator = 'order.diabetes';

-- Schools: process 40, final evaluation 40, handling of requests 20.
create temp table class as
  select * from (values ('student', 25), ('teacher', 20), ('parent', 25), ('society', 10), ('department', 20)) x (class, weight);
create temp table school as
  select s.code as subject,
         (select pg_temp.div(sum(value), count(*)) from value v where v.subject = s.code and indicator = 'process') as process,
         (select pg_temp.div(sum(c.weight * y.score), sum(c.weight)) from survey y join class c on c.class = y.stratum
          where y.panel = 'education' and y.subject = s.code and y.n >= 5) as final,
         (select pg_temp.div(100 * sum(pg_temp.div(value, target)), count(*)) from value v
          where v.subject = s.code and indicator like 'handling.%') as handling
  from subject s where s.kind = 'school';
create temp table school_total as
  select *, pg_temp.exact(0.4 * process + 0.4 * final + 0.2 * handling) as total from school;

-- Officers: the quarters add up; a quarter is never below 0; missing quarters count as the mean of the others.
create temp table quarter as
  select v.subject, v.period, greatest(0, v.value - coalesce((select sum(points) from entry e
           where e.subject = v.subject and e.kind = 'deduction' and 'Q' || extract(quarter from e.date) = v.period), 0)) as points
  from value v where v.indicator = 'tasks';
create temp table officer as
  select subject, pg_temp.exact(pg_temp.div(4 * sum(points), count(*))) as total, count(*) as quarters from quarter group by 1;

create function pg_temp.class_score(wanted_subject text, wanted text) returns numeric language sql as $$
  select pg_temp.shown(score) from survey where panel = 'education' and subject = wanted_subject and stratum = wanted and n >= 5 $$;
create function pg_temp.class_n(wanted_subject text, wanted text) returns numeric language sql as $$
  select coalesce((select n from survey where panel = 'education' and subject = wanted_subject and stratum = wanted), 0) $$;
create function pg_temp.quarter_of(wanted_subject text, wanted text) returns numeric language sql as $$
  select pg_temp.shown(points) from quarter where subject = wanted_subject and period = wanted $$;
create temp table outcome as
  select subject, total, rank, grade, nullif(concat_ws('|',
           case when grade = '优秀' then '通报表彰' end,
           case when grade = '优秀' and last = '优秀' then '优先提拔' end,
           case when grade = '不合格' then '通报批评|年度考核不得评优' end,
           case when grade = '不合格' and last = '不合格' then '黄牌警告' end,
           case when grade = '不合格' and last = '不合格' and before_last = '不合格' then '诫勉谈话' end), '') as consequences
  from graded
  union all
  select subject, total, rank() over (order by total desc), case when total = 100 then '达标' else '未达标' end, null
  from (select subject, care_h + order_h + care_d + order_d as total from clinic) x
  union all
  select subject, total, rank() over (order by total desc),
         case when total >= 90 then '优秀' when total >= 60 then '合格' else '不合格' end, null from school_total
  union all
  select subject, total, rank() over (order by total desc),
         case when total >= 90 then '优秀' when total >= 60 then '称职' else '不称职' end, null from officer;

copy (
  select o.subject, pg_temp.shown(o.total) as total, o.rank, o.grade, null as award, o.consequences,
    pg_temp.shown(t.base) as base, pg_temp.shown(t.letter) as letter, pg_temp.shown(t.amount) as "letter.amount",
    pg_temp.shown(t.position) as "letter.position", pg_temp.shown(t.deadline) as "letter.deadline", pg_temp.shown(t.error) as "letter.error",
    pg_temp.shown(t.satisfaction) as satisfaction, t.n as "satisfaction.n",
    pg_temp.shown(t.bonus) as bonus, pg_temp.shown(t.deduction) as deduction,
    pg_temp.shown(c.care_h) as "care.hypertension", pg_temp.shown(c.order_h) as "order.hypertension",
    pg_temp.shown(c.care_d) as "care.diabetes", pg_temp.shown(c.order_d) as "order.diabetes",
    pg_temp.shown(s.process) as process, pg_temp.shown(s.final) as final,
    pg_temp.class_score(s.subject, 'student') as "final.student", case when s.subject is not null then pg_temp.class_n(s.subject, 'student') end as "final.student.n",
    pg_temp.class_score(s.subject, 'teacher') as "final.teacher", case when s.subject is not null then pg_temp.class_n(s.subject, 'teacher') end as "final.teacher.n",
    pg_temp.class_score(s.subject, 'parent') as "final.parent", case when s.subject is not null then pg_temp.class_n(s.subject, 'parent') end as "final.parent.n",
    pg_temp.class_score(s.subject, 'society') as "final.society", case when s.subject is not null then pg_temp.class_n(s.subject, 'society') end as "final.society.n",
    pg_temp.class_score(s.subject, 'department') as "final.department", case when s.subject is not null then pg_temp.class_n(s.subject, 'department') end as "final.department.n",
    pg_temp.shown(s.handling) as handling,
    pg_temp.quarter_of(f.subject, 'Q1') as "quarter.Q1", pg_temp.quarter_of(f.subject, 'Q2') as "quarter.Q2",
    pg_temp.quarter_of(f.subject, 'Q3') as "quarter.Q3", pg_temp.quarter_of(f.subject, 'Q4') as "quarter.Q4", f.quarters
  from outcome o left join graded t on t.subject = o.subject left join clinic c on c.subject = o.subject
  left join school_total s on s.subject = o.subject left join officer f on f.subject = o.subject
  order by o.subject collate "C"
) to stdout with (format csv, header);
