-- partners: nothing yet.
select 1;
