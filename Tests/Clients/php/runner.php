<?php

// Runs the table of jobs, the full job and many submissions through the producer in PHP; see Tests/Clients/run.

declare(strict_types=1);

require __DIR__ . '/outspool.php';

use Outspool\{Attachment, Booking, BookingGuest, BookingPerson, BookingRoom, Mail, Message, Spool, Submission, SubmitError, SubmitReason};

function cases(string $path): void
{
    $spool = new Spool();
    foreach (file($path, FILE_IGNORE_NEW_LINES) ?: [] as $number => $line) {
        $told = ['case' => $number, 'verdict' => 'good'];
        try {
            $spool->submitObject(json_decode($line)->job, "case-$number");
        } catch (SubmitError $error) {
            $told = $error->reason === SubmitReason::Invalid
                ? ['case' => $number, 'verdict' => 'bad', 'pointer' => $error->pointer]
                : ['case' => $number, 'verdict' => 'error', 'message' => $error->getMessage()];
        }
        echo json_encode($told), "\n";
    }
}

function full(): void
{
    $spool = new Spool();
    $booking = new Booking(
        reference: 'AB-1234', guest: new BookingGuest(name: 'Zoë', email: 'zoe@example.com'), nights: 2, price: 9.75,
        room: BookingRoom::Suite, extras: ['a', 'b'], party: new BookingPerson(name: 'a', with: [new BookingPerson(name: 'b')]),
        aBC: true);
    $spool->submit(
        $booking, to: ['Zoë <zoe@example.com>', ['name' => 'Q, Zoe', 'email' => 'q@example.com']], cc: 'c@example.com',
        bcc: ['d@example.com'], from: 'Shop <shop@example.com>', replyTo: 'r@example.com', sender: 's@example.com',
        envelopeFrom: 'bounce@example.com', envelopeTo: ['zoe@example.com'],
        dsn: ['notify' => ['failure'], 'return' => 'headers', 'envelopeId' => 'e 1'], locale: 'de-AT',
        headers: ['X-A' => 'b'],
        attachments: [
            new Attachment(content: 'x', filename: 'a.txt', contentType: 'text/plain', cid: 'a'),
            new Attachment(file: 'b.pdf')],
        priority: 'high', sendAt: new DateTimeImmutable('2099-01-02T03:04:05Z'),
        expiresAt: new DateTimeImmutable('2099-02-03T04:05:06Z'), tags: ['t'], metadata: ['order' => 1042], id: 'full');
    $spool->prepare(new Submission(new Mail('s', 't', '<p>t'), to: 'a@b.example', id: 'mail'))->publish();
    $results = $spool->submitAll([
        new Submission(new Message("From: a@b.example\n\nhällo"), to: 'a@b.example', id: 'message'),
        new Submission(new Message("From: a@b.example\n\n\xe9"), to: 'a@b.example', id: 'bytes'),
        new Submission(new Mail('s', 't'), to: 'nobody'),
        new Submission(new Mail('s', 't', '<p>t'), to: 'a@b.example', id: 'mail'),
        new Submission(new Mail('another', 't'), to: 'a@b.example', id: 'mail'),
    ]);
    $told = array_map(
        fn($result) => is_string($result) ? $result : "{$result->reason->value} $result->pointer", $results);
    if ($told !== ['message', 'bytes', 'invalid /to', 'alreadyQueued ', 'invalid id']) {
        throw new Exception((string) json_encode($told));
    }
    $outcome = $spool->outcome('full');
    if ($outcome?->state !== 'new' || $outcome->event !== null || $spool->outcome('unknown') !== null) {
        throw new Exception('outcome');
    }
}

// PHP has no threads: processes take their place.
function many(int $threads, int $count): void
{
    $children = [];
    for ($thread = 0; $thread < $threads; $thread++) {
        $command = [PHP_BINARY, __FILE__, 'share', (string) $thread, (string) $threads, (string) $count];
        $children[] = proc_open($command, [], $pipes);
    }
    $failed = array_filter(array_map(proc_close(...), $children));
    if ($failed) {
        exit(1);
    }
}

function share(int $first, int $step, int $count): void
{
    $spool = new Spool();
    for ($number = $first; $number < $count; $number += $step) {
        $again = true;
        while ($again) {
            try {
                $spool->submit(new Mail("php-$number", 't'), to: 'a@b.example', id: "php-$number");
                $again = false;
            } catch (SubmitError $error) {
                $again = in_array($error->reason, [SubmitReason::Temporary, SubmitReason::Unsettled], true);
                if (!$again && $error->reason !== SubmitReason::AlreadyQueued) {
                    throw $error;
                }
            }
        }
    }
}

match ($argv[1]) {
    'cases' => cases($argv[2]),
    'full' => full(),
    'many' => many((int) $argv[2], (int) $argv[3]),
    'share' => share((int) $argv[2], (int) $argv[3], (int) $argv[4]),
};
