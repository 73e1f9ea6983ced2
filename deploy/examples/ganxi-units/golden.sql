-- Ganxi town: its units, and their cadres with performance pay.
-- readings: village_link_of_unit self_counts_10 no_min_peers award_highest_per_matter reward_tie_split
\ir ../exact.sql

create temp table subjects (code text collate "C", name text, name_en text, kind text, parent text collate "C");
create temp table vals (subject text, indicator text, value numeric);
create temp table ledger (id text, subject text, kind text, level text, matter text, date date, approved text, reason text);
create temp table params (name text, value text);
\copy subjects from 'subjects.csv' csv header
\copy vals from 'values.csv' csv header
\copy answers (id, panel, respondent, subject, relation, item, value, status, submitted_at) from 'answers.csv' csv header
\copy ledger from 'ledger.csv' csv header
\copy params from 'params.csv' csv header
insert into panel_size values ('style', 4);

create temp view unit as
  select s.code, m.linked, m.business, m.management, m.party, m.publicity,
         pg_temp.exact(pg_temp.div(m.linked + m.business + m.management + m.party + m.publicity, 5)) as total
  from subjects s
  join (select subject, max(value) filter (where indicator = 'unit.linked') as linked,
               max(value) filter (where indicator = 'unit.business') as business,
               max(value) filter (where indicator = 'unit.management') as management,
               max(value) filter (where indicator = 'unit.party') as party,
               max(value) filter (where indicator = 'unit.publicity') as publicity
        from vals group by subject) m on m.subject = s.code
  where s.kind = 'unit';

create temp view unit_ranked as
  select *, rank() over (order by total desc) as rank from unit;
create temp view unit_rewarded as
  select r.*, case when :'reading' = 'reward_tie_split'
                then (select coalesce(sum(p.cents), 0) from (values (1, 90000), (2, 60000), (3, 30000)) p (place, cents)
                      where p.place between r.rank and r.rank + r.tied - 1) / r.tied
                else case r.rank when 1 then 90000 when 2 then 60000 when 3 then 30000 else 0 end end as reward
  from (select *, count(*) over (partition by rank) as tied from unit_ranked) r;

-- The 360-degree questionnaire: item-first within each relation.
create temp view relation_score as
  select r.subject, r.relation, r.score, n.n
  from (select subject, relation, pg_temp.div(sum(score), count(*)) as score
        from (select subject, relation, item, pg_temp.div(sum(pg_temp.likert(value, false)), count(*)) as score
              from mark group by subject, relation, item) each
        group by subject, relation) r
  join (select subject, relation, count(*) as n from cleaned group by subject, relation) n using (subject, relation);
create temp view weighted as
  select subject, relation, score, n,
         case when relation = 'peer' and n < 3 and :'reading' <> 'no_min_peers' then 0
              when :'reading' = 'self_counts_10' then
                case relation when 'superior' then 36 when 'peer' then 27 when 'villager' then 27 else 10 end
              else case relation when 'superior' then 40 when 'peer' then 30 when 'villager' then 30 else 0 end end as weight
  from relation_score;
create temp view style as
  select subject, pg_temp.div(sum(weight * score), sum(weight)) as style,
         max(score) filter (where relation = 'superior') as superior,
         max(score) filter (where relation = 'peer' and weight > 0) as peer,
         max(score) filter (where relation = 'villager') as villager,
         max(score) filter (where relation = 'self') as self,
         coalesce(max(n) filter (where relation = 'peer'), 0) as peers
  from weighted group by subject;

create temp view award as
  select l.subject, l.matter, case l.level when 'national' then 5 when 'provincial' then 3 when 'city' then 2 when 'county' then 1 end as points
  from ledger l
  where l.kind = 'award' and coalesce(l.approved, 'yes') = 'yes' and l.date between '2025-01-01' and '2025-12-31';
create temp view bonus as
  select subject, sum(points) as bonus
  from (select subject, matter, case when :'reading' = 'award_highest_per_matter' then max(points) else sum(points) end as points
        from award group by subject, matter) each group by subject;

create temp view cadre as
  select s.code, s.parent, y.superior, y.peer, y.villager, y.self, y.peers, y.style, m.study,
         case when :'reading' = 'village_link_of_unit' then u.linked else m.linked end as linked,
         u.business, pg_temp.div(u.management + m.study + y.style, 3) as conduct, coalesce(b.bonus, 0) as bonus
  from subjects s
  join unit u on u.code = s.parent
  join (select subject, max(value) filter (where indicator = 'cadre.linked') as linked,
               max(value) filter (where indicator = 'cadre.study') as study from vals group by subject) m on m.subject = s.code
  join style y on y.subject = s.code
  left join bonus b on b.subject = s.code
  where s.kind = 'cadre';
create temp view cadre_total as
  select *, pg_temp.exact(0.4 * linked + 0.4 * business + 0.2 * conduct + bonus) as total from cadre;
create temp view cadre_share as
  select code, cents, pg_temp.exact(pg_temp.div(cents * total, sum(total) over ())) as share
  from cadre_total, (select 100 * value::numeric as cents from params where name = 'pool') p;
create temp view cadre_pay as
  select code, floor(share) + (row_number() over (order by share - floor(share) desc, code)
                               <= cents - sum(floor(share)) over ())::integer as pay
  from cadre_share;

copy (
  select * from (
    select code as subject, pg_temp.shown(total) as total, rank, null as grade, null as award, null as consequences,
           pg_temp.shown(linked) as "score.linked", pg_temp.shown(business) as "score.business",
           pg_temp.shown(management) as "score.management", pg_temp.shown(party) as "score.party", pg_temp.shown(publicity) as "score.publicity",
           reward as "reward.cents", null::numeric as "score.conduct", null::numeric as "score.conduct.study", null::numeric as "score.conduct.style",
           null::numeric as "score.conduct.style.superior", null::numeric as "score.conduct.style.peer", null::numeric as "score.conduct.style.villager",
           null::numeric as "score.conduct.style.self", null::bigint as "score.conduct.style.peer.n", null::numeric as bonus, null::numeric as "pay.cents"
    from unit_rewarded
    union all
    select code, pg_temp.shown(total), rank() over (order by total desc), null, null, null,
           pg_temp.shown(linked), pg_temp.shown(business), null, null, null, null,
           pg_temp.shown(conduct), pg_temp.shown(study), pg_temp.shown(style), pg_temp.shown(superior),
           pg_temp.shown(peer), pg_temp.shown(villager), pg_temp.shown(self), peers, pg_temp.shown(bonus), pay
    from cadre_total join cadre_pay using (code)) result
  order by subject collate "C"
) to stdout with (format csv, header);
