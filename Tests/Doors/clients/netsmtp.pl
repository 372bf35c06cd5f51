use Net::SMTP;
my $server = Net::SMTP->new($ARGV[0], Port => $ARGV[1], Timeout => 20) or die "no server";
$server->mail('zoe@example.com') or die $server->message;
$server->to('bob@example.org') or die $server->message;
$server->data("Subject: =?utf-8?q?h=C3=A4llo?=\n\ntext\n") or die $server->message;
$server->quit;
