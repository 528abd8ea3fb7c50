-- evidence: nothing yet.
select 1;
