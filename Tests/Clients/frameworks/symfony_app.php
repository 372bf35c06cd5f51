<?php

// A mail of Symfony Mailer by MAILER_DSN, and one that cannot be sent.

declare(strict_types=1);

require '/usr/share/php/Symfony/Component/Mailer/autoload.php';
require __DIR__ . '/outspool.php';
require __DIR__ . '/OutspoolTransport.php';

use Outspool\OutspoolTransportFactory;
use Symfony\Component\Mailer\Mailer;
use Symfony\Component\Mailer\Transport;
use Symfony\Component\Mime\Email;

$transport = (new Transport([new OutspoolTransportFactory()]))->fromString('outspool://default');
$mailer = new Mailer($transport);
$mailer->send((new Email())->from('Shop <shop@example.com>')->to('Zoë <zoe@example.com>')->bcc('b@example.com')
    ->subject('Grüße')->text('t')->html('<p>t')->attach('x', 'a.txt'));
$files = glob(getenv('OUTSPOOL_SPOOL') . '/new/*') ?: [];
$job = json_decode((string) file_get_contents($files[0]));
$isRight = count($files) === 1 && $job->envelope->from === 'shop@example.com'
    && $job->envelope->to === ['zoe@example.com', 'b@example.com'] && str_contains($job->message, 'a.txt')
    && !str_contains($job->message, 'b@example.com');
if (!$isRight) {
    throw new Exception((string) json_encode($job));
}
putenv('OUTSPOOL_SPOOL=/nonexistent');
try {
    (new Transport([new OutspoolTransportFactory()]))->fromString('outspool://default')
        ->send((new Email())->from('a@b.example')->to('c@d.example')->text('t'));
    throw new Exception('sent to a spool that is not there');
} catch (Symfony\Component\Mailer\Exception\TransportException) {
}
