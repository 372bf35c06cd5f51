<?php
require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
use Symfony\Component\Mailer\Mailer;
use Symfony\Component\Mailer\Transport;
use Symfony\Component\Mime\Email;

// Its default command is `/usr/sbin/sendmail -bs`; here the program is another.
[$host, $port] = array_slice($argv, -2);
$dsn = $argv[1] === 'sendmail'
    ? 'sendmail://default?command=' . rawurlencode($argv[2] . ' -bs') : "smtp://$host:$port";
$mail = (new Email())->from('zoe@example.com')->to('bob@example.org')->subject('hällo')->text("hällo\n")
    ->attach(str_repeat('x', 5000), 'x.bin', 'application/octet-stream');
(new Mailer(Transport::fromDsn($dsn)))->send($mail);
