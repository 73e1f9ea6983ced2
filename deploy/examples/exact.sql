-- What every golden.sql begins with: exact figures and the cleaning of questionnaires.
--
-- A quotient is carried to 60 decimals. Before two figures are compared, ranked or shown they are
-- rounded to 40: figures that are equal as fractions are then equal to the last digit, and figures
-- that differ still do, for none of the fractions here has a denominator of twenty digits.
\set ON_ERROR_STOP on
\set QUIET on
set client_min_messages = warning;
set timezone = 'UTC';

create function pg_temp.div(numeric, numeric) returns numeric immutable language sql
  as 'select round($1, 60) / nullif($2, 0)';
create function pg_temp.exact(numeric) returns numeric immutable language sql
  as 'select round($1, 40)';
-- shown is how golden.csv writes a figure: 10 decimals, half away from zero.
create function pg_temp.shown(numeric) returns numeric immutable language sql
  as 'select round(round($1, 40), 10)';
-- likert turns an answer 1..5 into points; 0 (不了解) and no answer have none.
create function pg_temp.likert(answer text, zero_based boolean) returns numeric immutable language sql
  as $$ select case when answer ~ '^[1-5]$' then
          case when zero_based then 25 * (answer::numeric - 1) else 20 * answer::numeric end end $$;

create temp table answers (
  id text collate "C", panel text, respondent text, subject text, item text, value text, period text,
  relation text, status text, submitted_at timestamp, stratum text, device text, count integer);
-- panel_size says how many items a panel was asked.
create temp table panel_size (panel text, items integer);

-- sheet is a response: its items answered 1..5 counted, everything else as in each of its rows.
create temp view sheet as
  select id, min(panel) as panel, min(respondent) as respondent, min(subject) as subject,
         min(period) as period, min(relation) as relation, min(status) as status,
         min(submitted_at) as submitted_at, min(stratum) as stratum, min(device) as device,
         coalesce(min(count), 1) as count, count(*) filter (where value ~ '^[1-5]$') as answered
  from answers group by id;

-- cleaned is what counts: valid ones; of these the latest of each respondent (then the largest id);
-- of these the ones with at least half of the panel's items answered.
create temp view cleaned as
  select c.* from (
    select s.*, row_number() over (
             partition by panel, subject, coalesce(period, ''), coalesce(relation, ''),
                          coalesce('r ' || respondent, 'i ' || id)
             order by submitted_at desc nulls last, id desc) as place
    from sheet s where coalesce(status, 'valid') = 'valid') c
  join panel_size z using (panel)
  where place = 1 and 2 * answered >= z.items;

-- mark is one answer that counts, with the response it stands in.
create temp view mark as
  select c.id, c.panel, c.respondent, c.subject, c.period, c.relation, c.stratum, c.device, c.count,
         a.item, a.value
  from cleaned c join answers a using (id) where a.value ~ '^[1-5]$';
