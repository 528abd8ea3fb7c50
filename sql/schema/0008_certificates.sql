-- certificates: nothing yet.
select 1;
