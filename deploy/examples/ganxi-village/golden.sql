-- Ganxi township: villages by four topics, their cadres by democratic evaluation, two pools of pay.
-- readings: cap_per_indicator coef_times_final coef_on_100_base coef_only_in_denominator rank_on_adjusted reward_tie_split cadres_person_first
\ir ../exact.sql

create temp table subjects (code text collate "C", name text, name_en text, kind text, grp text, parent text collate "C", population integer);
create temp table vals (subject text, indicator text, value numeric, target numeric, weight numeric);
create temp table ledger (id text, subject text, kind text, points numeric, date date, approved text, reason text);
create temp table params (name text, value text);
\copy subjects from 'subjects.csv' csv header
\copy vals from 'values.csv' csv header
\copy answers (id, panel, respondent, subject, item, value, status, submitted_at, stratum) from 'answers.csv' csv header
\copy ledger from 'ledger.csv' csv header
\copy params from 'params.csv' csv header
insert into panel_size values ('democratic', 5);

create temp table topic (topic text, points numeric);
insert into topic values ('economy', 40), ('social', 20), ('party', 20), ('stability', 20);

create temp view topic_score as
  select v.subject, t.topic,
         greatest(0, least(case when :'reading' <> 'cap_per_indicator' then 1.2 * t.points end,
           t.points * sum(v.weight * case when :'reading' = 'cap_per_indicator'
                                          then least(1.2, pg_temp.div(v.value, v.target))
                                          else pg_temp.div(v.value, v.target) end))) as score
  from vals v join topic t on t.topic = split_part(v.indicator, '.', 1)
  group by v.subject, t.topic, t.points;

create temp view village as
  select s.code, t.economy, t.social, t.party, t.stability, t.base, e.extra, t.base + e.extra as final,
         case when s.population > 2000 then 1.083 when s.population > 1500 then 1.042 else 1 end as coefficient
  from subjects s
  join (select subject, sum(score) as base,
               max(score) filter (where topic = 'economy') as economy, max(score) filter (where topic = 'social') as social,
               max(score) filter (where topic = 'party') as party, max(score) filter (where topic = 'stability') as stability
        from topic_score group by subject) t on t.subject = s.code
  cross join lateral (
    select least(3, coalesce(sum(points), 0)) as extra from ledger l
    where l.subject = s.code and l.kind = 'extra' and coalesce(l.approved, 'yes') = 'yes'
      and l.date between '2025-01-01' and '2025-12-31') e
  where s.kind = 'village';

create temp view adjusted as
  select *, case :'reading' when 'coef_times_final' then coefficient * final
                            when 'coef_on_100_base' then final + (coefficient - 1) * 100
                            else coefficient * base + extra end as adjusted
  from village;

create temp view ranked as
  select *, rank() over (order by pg_temp.exact(case when :'reading' = 'rank_on_adjusted' then adjusted else final end) desc) as rank
  from adjusted;

-- The places' rewards in cents; tied says how many stand on a place.
create temp view rewarded as
  select r.*, case when :'reading' = 'reward_tie_split'
                then (select coalesce(sum(p.cents), 0) from (values (1, 90000), (2, 60000), (3, 30000)) p (place, cents)
                      where p.place between r.rank and r.rank + r.tied - 1) / r.tied
                else case r.rank when 1 then 90000 when 2 then 60000 when 3 then 30000 else 0 end end as reward
  from (select *, count(*) over (partition by rank) as tied from ranked) r;

-- Village pay. The literal reading gives each village by its own unadjusted score: what is then given
-- out is less than the pool; it is rounded to a cent and split by largest remainder like the pool.
create temp view village_share as
  select code, pg_temp.exact(pg_temp.div(pool * case when :'reading' = 'coef_only_in_denominator' then final else adjusted end,
                                         sum(adjusted) over ())) as share
  from adjusted, (select 100 * value::numeric as pool from params where name = 'pool') p;
create temp view village_pay as
  select code, floor(share) + (row_number() over (order by share - floor(share) desc, code)
                               <= round(sum(share) over ()) - sum(floor(share)) over ())::integer as cents
  from village_share;

-- Democratic evaluation: per class of respondents, then the classes alike.
create temp view class_score as
  select subject, stratum, pg_temp.div(sum(score), count(*)) as score
  from (select subject, stratum, pg_temp.div(sum(pg_temp.likert(value, false)), count(*)) as score
        from mark group by subject, stratum, case when :'reading' = 'cadres_person_first' then id else item end) each
  group by subject, stratum;
create temp view own_score as
  select s.code, s.parent, c.score, c.villager, c.member, c.colleague
  from subjects s
  left join (select subject, pg_temp.div(sum(score), count(*)) as score,
                    max(score) filter (where stratum = 'villager') as villager,
                    max(score) filter (where stratum = 'member') as member,
                    max(score) filter (where stratum = 'colleague') as colleague
             from class_score group by subject) c on c.subject = s.code
  where s.kind = 'cadre';
create temp view cadre as
  select code, parent, villager, member, colleague, score is null as imputed,
         pg_temp.exact(coalesce(score, (select pg_temp.div(sum(o.score), count(o.score)) from own_score o where o.parent = c.parent))) as score
  from own_score c;
create temp view cadre_share as
  select c.code, v.cents, c.parent,
         pg_temp.exact(pg_temp.div(v.cents * c.score, sum(c.score) over (partition by c.parent))) as share
  from cadre c join village_pay v on v.code = c.parent;
create temp view cadre_pay as
  select code, floor(share) + (row_number() over (partition by parent order by share - floor(share) desc, code)
                               <= cents - sum(floor(share)) over (partition by parent))::integer as cents
  from cadre_share;

copy (
  select * from (
    select r.code as subject, pg_temp.shown(final) as total, rank, null as grade, null as award, null as consequences,
           pg_temp.shown(economy) as "base.economy", pg_temp.shown(social) as "base.social", pg_temp.shown(party) as "base.party",
           pg_temp.shown(stability) as "base.stability", pg_temp.shown(base) as base, pg_temp.shown(extra) as extra,
           pg_temp.shown(coefficient) as coef, pg_temp.shown(adjusted) as adjusted,
           reward as "reward.cents", p.cents as "pay.cents", null::numeric as "democratic.villager",
           null::numeric as "democratic.member", null::numeric as "democratic.colleague", null::integer as imputed
    from rewarded r join village_pay p using (code)
    union all
    select c.code, pg_temp.shown(score), rank() over (partition by parent order by score desc), null, null, null,
           null, null, null, null, null, null, null, null, null, p.cents,
           pg_temp.shown(villager), pg_temp.shown(member), pg_temp.shown(colleague), imputed::integer
    from cadre c join cadre_pay p using (code)) result
  order by subject collate "C"
) to stdout with (format csv, header);
