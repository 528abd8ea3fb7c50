-- desk: nothing yet.
select 1;
