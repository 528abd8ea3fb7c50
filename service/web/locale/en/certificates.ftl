# Certificates, receipts, promises

promise-how = To check us, save these lines exactly as they are in a file promise.txt, and after the time given run this, with our public keys from another source than this site:
