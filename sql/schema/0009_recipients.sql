-- recipients: nothing yet.
select 1;
