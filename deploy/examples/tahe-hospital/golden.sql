-- Tahe hospital: quality 50, patients 30, peers 20; points by post coefficient; one pool in cents.
-- readings: small_n_dropped logistics_patient_full coef_on_quality_only pool_by_area_60_15_10_15
\ir ../exact.sql
create temp table subject (code text collate "C" primary key, name text, name_en text, kind text, parent text, area text, coef numeric, post text);
create temp table value (subject text, indicator text, value numeric, weight numeric);
\copy subject from 'subjects.csv' with (format csv, header)
\copy value from 'values.csv' with (format csv, header)
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, count) from 'answers.csv' with (format csv, header)
insert into panel_size values ('patient', 5), ('peer', 4);

create temp table quality as
  select subject, pg_temp.div(sum(weight * value), sum(weight)) as score from value where indicator like 'quality.%' group by 1;
create temp table survey as
  select panel, subject, pg_temp.div(sum(mean), count(*)) as score,
         (select sum(count) from cleaned c where c.panel = x.panel and c.subject = x.subject) as n
  from (select panel, subject, item, pg_temp.div(sum(pg_temp.likert(value, false) * count), sum(count)) as mean
        from mark group by 1, 2, 3) x
  group by 1, 2;

-- Patients: own score from five answers on, else the mean of the department's members who have one.
create temp table department as
  select s.parent as department, pg_temp.div(sum(v.score), count(*)) as score
  from subject s join survey v on v.subject = s.code and v.panel = 'patient' where v.n >= 5 group by 1;
create temp table patient as
  select s.code as subject, coalesce(v.n, 0) as n,
         coalesce(case when v.n >= 5 then v.score when :'reading' <> 'small_n_dropped' then d.score end,
                  case when :'reading' = 'logistics_patient_full' and s.area = 'logistics' then 100 end) as score
  from subject s left join survey v on v.subject = s.code and v.panel = 'patient'
  left join department d on d.department = s.parent where s.kind = 'staff';

create temp table result as
  select s.code as subject, s.area, s.coef, q.score as quality, p.score as patient, p.n as patient_n, e.score as peer, coalesce(e.n, 0) as peer_n,
         pg_temp.exact(pg_temp.div(50 * q.score + coalesce(30 * p.score, 0) + coalesce(20 * e.score, 0), w)) as score,
         case when :'reading' = 'coef_on_quality_only'
              then pg_temp.div(50 * s.coef * q.score + coalesce(30 * p.score, 0) + coalesce(20 * e.score, 0), w)
              else s.coef * pg_temp.div(50 * q.score + coalesce(30 * p.score, 0) + coalesce(20 * e.score, 0), w) end as points
  from subject s join quality q on q.subject = s.code join patient p on p.subject = s.code
  left join survey e on e.subject = s.code and e.panel = 'peer'
  cross join lateral (select 50 + case when p.score is null then 0 else 30 end + case when e.score is null then 0 else 20 end as w) x;

-- Money: 540 000 yuan; floor to cents, one cent each by falling remainder, ties by code.
create temp table pool as
  select * from (values ('clinical', 60), ('medtech', 15), ('admin', 10), ('logistics', 15)) x (area, percent);
create temp table due as
  select subject, pool, cents, pg_temp.exact(cents * pg_temp.div(points, sum(points) over (partition by pool))) as amount
  from (select r.subject, r.points,
               case when :'reading' like 'pool_by_area%' then r.area else 'all' end as pool,
               case when :'reading' like 'pool_by_area%' then 540000 * p.percent else 54000000 end as cents
        from result r join pool p using (area)) x;
create temp table pay as
  select subject, floor(amount) + case when row_number() over (partition by pool order by amount - floor(amount) desc, subject collate "C")
           <= cents - sum(floor(amount)) over (partition by pool) then 1 else 0 end as cents
  from due;

copy (
  select subject, pg_temp.shown(score) as total, rank() over (order by score desc) as rank,
    null as grade, null as award, null as consequences, p.cents::bigint as "pay.cents", pg_temp.shown(points) as points,
    pg_temp.shown(quality) as quality, pg_temp.shown(patient) as patient, patient_n as "patient.n",
    pg_temp.shown(peer) as peer, peer_n as "peer.n"
  from result join pay p using (subject) order by subject
) to stdout with (format csv, header);
