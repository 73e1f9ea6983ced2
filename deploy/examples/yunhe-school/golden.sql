-- Yunhe schools: teachers, middle cadres, staff, dual posts; grades within the rank group.
-- readings: self_excluded no_minimum_group_size missing_group_is_zero trim_1_high_1_low dual_60_teaching
\ir ../exact.sql
create temp table subject (code text collate "C" primary key, name text, name_en text, kind text, class text, parent text, post text);
create temp table value (subject text, indicator text, value numeric, source text);
\copy subject from 'subjects.csv' with (format csv, header)
\copy value from 'values.csv' with (format csv, header)
\copy answers (id, panel, respondent, subject, item, value, relation, status, submitted_at, count) from 'answers.csv' with (format csv, header)
insert into panel_size values ('questionnaire', 4), ('test', 5);

-- The questionnaire: one score per relation, each response by respondent, person and relation.
create temp table relation (relation text, weight numeric, minimum integer);
insert into relation values ('manager', 25, 0), ('peer', 25, 3), ('student', 25, 3), ('parent', 20, 3), ('self', 5, 0);
update relation set weight = 0 where relation = 'self' and :'reading' = 'self_excluded';
update relation set minimum = 0 where :'reading' = 'no_minimum_group_size';
create temp table size as
  select panel, subject, coalesce(relation, '') as relation, sum(count) as n from cleaned group by 1, 2, 3;
create temp table item_first as
  select panel, subject, relation, pg_temp.div(sum(mean), count(*)) as score
  from (select panel, subject, coalesce(relation, '') as relation, item,
               pg_temp.div(sum(pg_temp.likert(value, false) * count), sum(count)) as mean
        from mark group by 1, 2, 3, 4) x
  group by 1, 2, 3;
create temp table form as
  select f.subject, f.relation, f.score, r.weight
  from item_first f join size z using (panel, subject, relation) join relation r using (relation)
  where f.panel = 'questionnaire' and z.n >= r.minimum;
create temp table questionnaire as
  select subject, pg_temp.div(sum(weight * score), case when :'reading' = 'missing_group_is_zero'
           then (select sum(weight) from relation) else sum(weight) end) as score
  from form group by 1;

-- Marks out of 100 by the teachers: 0 is a mark; the latest of each teacher; an empty one is void.
create temp table staff_mark as
  select subject, value::numeric as value, row_number() over (partition by subject order by value::numeric, id) as low,
         row_number() over (partition by subject order by value::numeric desc, id desc) as high
  from (select *, row_number() over (partition by subject, respondent order by submitted_at desc, id desc) as place
        from answers where panel = 'staff-mark' and coalesce(status, 'valid') = 'valid') x
  where place = 1 and value is not null;
create temp table marks as
  select subject, pg_temp.div(sum(value), count(*)) as score from staff_mark
  where :'reading' <> 'trim_1_high_1_low' or (low > 1 and high > 1) group by 1;

create temp table averaged as
  select subject, split_part(indicator, '.', 1) as indicator, pg_temp.div(sum(value), count(*)) as score from value group by 1, 2;
create function pg_temp.averaged(wanted_subject text, wanted text) returns numeric language sql as $$
  select score from averaged where subject = wanted_subject and indicator = wanted $$;

create temp table part as
  select s.code as subject, s.class, s.post,
         pg_temp.averaged(s.code, 'group') as group_marks, q.score as questionnaire,
         0.6 * pg_temp.averaged(s.code, 'group') + 0.4 * q.score as teacher,
         i.score as test, pg_temp.averaged(s.code, 'main') as main, pg_temp.averaged(s.code, 'leader') as leader,
         0.4 * i.score + 0.3 * pg_temp.averaged(s.code, 'leader') + 0.3 * pg_temp.averaged(s.code, 'main') as cadre,
         m.score as marks, pg_temp.averaged(s.code, 'department') as department,
         0.4 * m.score + 0.3 * pg_temp.averaged(s.code, 'department') + 0.3 * pg_temp.averaged(s.code, 'leader') as staff
  from subject s left join questionnaire q on q.subject = s.code
  left join item_first i on i.subject = s.code and i.panel = 'test' left join marks m on m.subject = s.code
  where s.kind = 'person';
create temp table total as
  select *, pg_temp.exact(case post
      when 'teacher' then teacher when 'cadre' then cadre when 'staff' then staff
      else h * teacher + (1 - h) * case post when 'teaching-cadre' then cadre else staff end end) as total
  from part cross join (select case when :'reading' = 'dual_60_teaching' then 0.6 else 0.5 end as h) x;
create temp table ranked as
  select *, rank() over (partition by class order by total desc) as rank,
         greatest(1, floor(0.15 * count(*) over (partition by class))) as places
  from total;

create function pg_temp.form_of(wanted_subject text, wanted text) returns numeric language sql as $$
  select pg_temp.shown(score) from form where subject = wanted_subject and relation = wanted $$;
create function pg_temp.form_n(wanted_subject text, wanted text) returns numeric language sql as $$
  select case when exists (select from subject where code = wanted_subject and post like 'teach%')
    then coalesce((select n from size where panel = 'questionnaire' and subject = wanted_subject and relation = wanted), 0) end $$;
copy (
  select r.subject, pg_temp.shown(total) as total, rank,
    case when rank <= places and total >= 60 then '优秀' when total >= 60 then '合格' when total >= 50 then '基本合格'
      else '不合格' end as grade, null as award, null as consequences,
    pg_temp.shown(teacher) as teacher, pg_temp.shown(group_marks) as group_marks,
    pg_temp.shown(questionnaire) as questionnaire,
    pg_temp.form_of(r.subject, 'manager') as "questionnaire.manager", pg_temp.form_n(r.subject, 'manager') as "questionnaire.manager.n",
    pg_temp.form_of(r.subject, 'peer') as "questionnaire.peer", pg_temp.form_n(r.subject, 'peer') as "questionnaire.peer.n",
    pg_temp.form_of(r.subject, 'student') as "questionnaire.student", pg_temp.form_n(r.subject, 'student') as "questionnaire.student.n",
    pg_temp.form_of(r.subject, 'parent') as "questionnaire.parent", pg_temp.form_n(r.subject, 'parent') as "questionnaire.parent.n",
    pg_temp.form_of(r.subject, 'self') as "questionnaire.self", pg_temp.form_n(r.subject, 'self') as "questionnaire.self.n",
    pg_temp.shown(cadre) as cadre, pg_temp.shown(test) as test,
    (select n from size z where z.panel = 'test' and z.subject = r.subject) as "test.n",
    pg_temp.shown(leader) as leader, pg_temp.shown(main) as main, pg_temp.shown(staff) as staff,
    pg_temp.shown(marks) as marks,
    nullif((select count(*) from staff_mark m where m.subject = r.subject), 0) as "marks.n",
    pg_temp.shown(department) as department
  from ranked r order by class, subject
) to stdout with (format csv, header);
