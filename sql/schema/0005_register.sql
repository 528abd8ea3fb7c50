-- register: nothing yet.
select 1;
