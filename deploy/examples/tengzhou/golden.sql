-- Tengzhou housing bureau: sixteen units in three groups, 1000 points.
-- readings: likert0 person_first veto_counts_all_minus_points threshold_without_bonus threshold_on_rounded veto_only_blocks_prize dense_rank tiebreak_execution_business_public
\ir ../exact.sql

create temp table subjects (code text, name text, name_en text, kind text, grp text);
create temp table vals (subject text, indicator text, period text, value numeric);
create temp table ledger (id text, subject text, kind text, points numeric, category text, date date, approved text, reason text);
create temp table history (period text, subject text, total numeric, grade text);
\copy subjects from 'subjects.csv' csv header
\copy vals from 'values.csv' csv header
\copy answers (id, panel, respondent, subject, item, value, period, status, submitted_at) from 'answers.csv' csv header
\copy ledger from 'ledger.csv' csv header
\copy history from 'history.csv' csv header
insert into panel_size values ('efficiency', 6);

create temp view point as
  select *, pg_temp.likert(value, :'reading' = 'likert0') as points from mark;

-- The questionnaire of a half-year, 0..100.
create temp view survey as
  select subject, period, pg_temp.div(sum(score), count(*)) as score
  from (select subject, period, pg_temp.div(sum(points), count(*)) as score from point
        group by subject, period, case when :'reading' = 'person_first' then id else item end) each
  group by subject, period;

create temp view half as
  select v.subject, v.period, s.score as survey,
         sum(v.value) filter (where v.indicator like 'public.%') + 0.3 * s.score as public,
         sum(v.value) filter (where v.indicator like 'business.%') as business
  from vals v join survey s using (subject, period) group by v.subject, v.period, s.score;

create temp view year as
  select subject, pg_temp.div(sum(public), 2) as public, pg_temp.div(sum(business), 2) as business,
         max(survey) filter (where period = 'H1') as survey1, max(survey) filter (where period = 'H2') as survey2,
         max(public) filter (where period = 'H1') as public1, max(public) filter (where period = 'H2') as public2,
         max(business) filter (where period = 'H1') as business1, max(business) filter (where period = 'H2') as business2
  from half group by subject having count(*) = 2;

-- Only approved entries dated in 2025 count.
create temp view book as
  select s.code as subject,
         least(400, greatest(0, 400 + coalesce(sum(points) filter (where l.kind = 'event'), 0))) as execution,
         coalesce(sum(points) filter (where l.kind = 'bonus'), 0) as bonus,
         coalesce(sum(points) filter (where l.kind = 'veto_deduction'), 0) as deduction,
         coalesce(sum(-points) filter (where l.kind = 'event' and points < 0), 0) as minus
  from subjects s left join ledger l
    on l.subject = s.code and l.approved = 'yes' and l.date between '2025-01-01' and '2025-12-31'
  group by s.code;

create temp view total as
  select s.code as subject, s.grp, y.public, y.business, b.execution, b.bonus, b.deduction,
         b.deduction + case when :'reading' = 'veto_counts_all_minus_points' then b.minus else 0 end as veto_points,
         pg_temp.exact(y.public + y.business + b.execution + b.bonus - b.deduction) as total
  from subjects s join year y on y.subject = s.code join book b on b.subject = s.code;

create temp view judged as
  select *, veto_points >= 30 as vetoed,
         veto_points < 30 or :'reading' = 'veto_only_blocks_prize' as ranked,
         case :'reading' when 'threshold_without_bonus' then total - bonus
                         when 'threshold_on_rounded' then round(total, 2) else total end >= 800 as reached
  from total;

create temp view placed as
  select *, case when reached and ranked then '合格' else '不合格' end as grade,
         case when not ranked then null
              when :'reading' = 'dense_rank' then
                dense_rank() over (partition by grp, ranked order by total desc)
              when :'reading' = 'tiebreak_execution_business_public' then
                rank() over (partition by grp, ranked order by total desc, execution desc,
                             pg_temp.exact(business) desc, pg_temp.exact(public) desc)
              else rank() over (partition by grp, ranked order by total desc) end as rank
  from judged;

create temp table prize (grp text, rank integer, yuan integer, word text);
insert into prize values
  ('1', 1, 50000, '一等奖'), ('1', 2, 30000, '二等奖'), ('1', 3, 10000, '三等奖'),
  ('2', 1, 50000, '一等奖'), ('2', 2, 30000, '二等奖'), ('2', 3, 10000, '三等奖'),
  ('3', 1, 15000, '一等奖'), ('3', 2, 10000, '二等奖'), ('3', 3, 5000, '三等奖');

copy (
  select p.subject, pg_temp.shown(p.total) as total, p.rank, p.grade, z.word as award,
         case when p.grade = '不合格' then '通报批评|黄牌警告' ||
           case when h.grade = '不合格' then '|诫勉谈话' else '' end end as consequences,
         pg_temp.shown(p.public) as public, pg_temp.shown(p.business) as business,
         pg_temp.shown(p.execution) as execution, pg_temp.shown(p.bonus) as bonus,
         pg_temp.shown(p.deduction) as deduction, pg_temp.shown(p.veto_points) as veto_points,
         100 * coalesce(z.yuan, 0) as "prize.cents",
         pg_temp.shown(y.public1) as "public.H1", pg_temp.shown(y.public2) as "public.H2",
         pg_temp.shown(y.business1) as "business.H1", pg_temp.shown(y.business2) as "business.H2",
         pg_temp.shown(y.survey1) as "survey.H1", pg_temp.shown(y.survey2) as "survey.H2"
  from placed p
  join year y using (subject)
  left join prize z on z.grp = p.grp and z.rank = p.rank and p.grade = '合格' and not p.vetoed
  left join history h on h.subject = p.subject and h.period = '2024'
  order by p.subject
) to stdout with (format csv, header);
