-- updates: nothing yet.
select 1;
