## The page on which a visitor checks a certificate
verify-no-script = With its script, this page recounts a certificate in your browser. Without it, use one of the ways below.
verify-keep = Keep this checker as one file.
verify-keep-hash = It opens without a network, and is the same file that lies in every bundle. Its SHA-256:
verify-keys-title = The fingerprints of our keys
verify-keys-text = Compare them with those in your certificate, and best also with a copy that did not come from this site: on paper, by telephone, from somebody you know.
verify-key-certificate = Key of our certificates
verify-key-log = Log of a petition
verify-key-anchor = Anchor log
verify-key-pdf = Seal of our PDFs (SHA-256)
verify-keys-none = No key has been published here yet.
