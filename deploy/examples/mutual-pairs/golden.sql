-- Mutual learning and comparison in pairs: ten units, five pairs.
-- readings: self_included pooled_delegates trimmed_high_low rater_centred
\ir ../exact.sql

create temp table subjects (code text collate "C", name text, name_en text, kind text, partner text collate "C");
create temp table vals (subject text collate "C", indicator text, period text, value numeric);
create temp table pairs (winner text collate "C", loser text collate "C", weight numeric);
\copy subjects from 'subjects.csv' csv header
\copy vals from 'values.csv' csv header
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, stratum) from 'answers.csv' csv header
\copy pairs from 'pairs.csv' csv header
insert into panel_size values ('mutual', 3);

-- stratum is the unit a delegate rates for; its own ballots for itself are left out.
create temp table point as
  select *, pg_temp.likert(value, false) as points from mark
  where stratum <> subject or :'reading' = 'self_included';

-- cell is what one unit gives another, item-first over its delegates.
create temp table cell as
  select subject, stratum as rater, pg_temp.div(sum(score), count(*)) as score
  from (select subject, stratum, item, pg_temp.div(sum(points), count(*)) as score from point group by subject, stratum, item) each
  group by subject, stratum;
create temp view centred as
  select subject, rater, score - pg_temp.div(sum(score) over (partition by rater), count(*) over (partition by rater))
                       + pg_temp.div(sum(score) over (), count(*) over ()) as score
  from cell;
create temp view mutual as
  select subject, case :'reading'
           when 'trimmed_high_low' then pg_temp.div(sum(score) - max(score) - min(score), count(*) - 2)
           else pg_temp.div(sum(score), count(*)) end as mutual, count(*) as n
  from (select subject, score from cell where :'reading' not in ('rater_centred', 'pooled_delegates')
        union all
        select subject, score from centred where :'reading' = 'rater_centred'
        union all
        select subject, pg_temp.div(sum(points), count(*)) from point where :'reading' = 'pooled_delegates' group by subject, item) each
  group by subject;

-- A stage's inspection is the mean of its four criteria.
create temp view stage as
  select subject, period, pg_temp.div(sum(value), count(*)) as score from vals where indicator like 'inspection.%' group by subject, period;
create temp view inspection as
  select subject, pg_temp.div(sum(score), count(*)) as inspection,
         max(score) filter (where period = 'S1') as s1, max(score) filter (where period = 'S2') as s2, max(score) filter (where period = 'S3') as s3
  from stage group by subject;

-- The contest of a pair: stage three, criterion by criterion; at most half a point apart is a draw.
create temp view contest as
  select s.code as subject, sum(case when abs(a.value - b.value) <= 0.5 then 0.5 when a.value > b.value then 1 else 0 end) as points
  from subjects s
  join vals a on a.subject = s.code and a.period = 'S3'
  join vals b on b.subject = s.partner and b.period = 'S3' and b.indicator = a.indicator
  group by s.code;

-- Bradley-Terry strengths (natural logarithms) by Newton's method on the log-likelihood, the first
-- unit held at zero; 40 digits, until no strength moves by 1e-30.
create temp table strength (code text collate "C", place integer, b numeric);
insert into strength select code, row_number() over (order by code), 0 from subjects;
do $$
declare
  n integer := (select count(*) from strength);
  v numeric[] := (select array_agg(s.b order by place) from strength s);
  w numeric[]; h numeric[]; g numeric[]; p numeric; f numeric; moved numeric; at integer;
begin
  -- w[(i-1)*n+j]: how often i was preferred to j
  select array_agg(coalesce((select sum(coalesce(q.weight, 1)) from pairs q where q.winner = i.code and q.loser = j.code), 0) order by i.place, j.place)
    into w from strength i cross join strength j;
  for round in 1..60 loop
    g := array_fill(0::numeric, array[n]);
    h := array_fill(0::numeric, array[n * n]);
    for i in 1..n loop
      for j in 1..n loop
        if i <> j then
          p := 1 / (1 + exp(round(v[j] - v[i], 45)));
          f := w[(i-1)*n+j] + w[(j-1)*n+i];
          g[i] := g[i] + w[(i-1)*n+j] - f * p;
          h[(i-1)*n+i] := h[(i-1)*n+i] + f * p * (1 - p);
          h[(i-1)*n+j] := -f * p * (1 - p);
        end if;
      end loop;
    end loop;
    -- Gauss over units 2..n: h x = g
    for k in 2..n loop
      for i in k+1..n loop
        f := round(h[(i-1)*n+k], 50) / h[(k-1)*n+k];
        for j in k..n loop h[(i-1)*n+j] := round(h[(i-1)*n+j] - f * h[(k-1)*n+j], 50); end loop;
        g[i] := round(g[i] - f * g[k], 50);
      end loop;
    end loop;
    moved := 0;
    for k in reverse n..2 loop
      for j in k+1..n loop g[k] := g[k] - h[(k-1)*n+j] * g[j]; end loop;
      g[k] := round(round(g[k], 50) / h[(k-1)*n+k], 50);
      v[k] := v[k] + g[k];
      moved := greatest(moved, abs(g[k]));
    end loop;
    exit when moved < 1e-30;
  end loop;
  if moved >= 1e-30 then raise exception 'no strengths: % is still moving', moved; end if;
  update strength s set b = (select u from unnest(v) with ordinality t (u, o) where o = s.place);
end $$;

create temp view total as
  select s.code, m.mutual, m.n, i.*, c.points, pg_temp.exact(0.6 * m.mutual + 0.4 * i.inspection) as total,
         t.b as first_zero, t.b - pg_temp.div(sum(t.b) over (), count(*) over ()) as sum_zero
  from subjects s
  join mutual m on m.subject = s.code
  join inspection i on i.subject = s.code
  join contest c on c.subject = s.code
  join strength t on t.code = s.code;

copy (
  select code as subject, pg_temp.shown(total) as total, rank() over (order by total desc) as rank,
         null as grade, null as award, null as consequences,
         pg_temp.shown(mutual) as "total.mutual", pg_temp.shown(inspection) as "total.inspection",
         pg_temp.shown(s1) as "total.inspection.S1", pg_temp.shown(s2) as "total.inspection.S2", pg_temp.shown(s3) as "total.inspection.S3",
         pg_temp.shown(points) as contest, case when points > 2 then '胜' end as "contest.label",
         pg_temp.shown(s3 - s1) as improvement, pg_temp.shown(sum_zero) as strength, pg_temp.shown(first_zero) as strength_first
  from total
  order by code
) to stdout with (format csv, header);
