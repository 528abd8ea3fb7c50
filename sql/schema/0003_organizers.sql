-- organizers: nothing yet.
select 1;
