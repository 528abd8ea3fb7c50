-- sealing: nothing yet.
select 1;
