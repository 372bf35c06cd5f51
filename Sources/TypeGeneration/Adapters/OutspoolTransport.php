<?php

declare(strict_types=1);

namespace Outspool;

use Symfony\Component\Mailer\Exception\TransportException;
use Symfony\Component\Mailer\SentMessage;
use Symfony\Component\Mailer\Transport\AbstractTransport;
use Symfony\Component\Mailer\Transport\AbstractTransportFactory;
use Symfony\Component\Mailer\Transport\Dsn;
use Symfony\Component\Mailer\Transport\TransportInterface;

/**
 * Symfony Mailer's transport to a spool, which Laravel uses too: MAILER_DSN=outspool://default.
 *
 * It needs the producer, outspool types --lang php, to be loaded. With OUTSPOOL_SPOOL=memory: nothing is sent.
 */
final class OutspoolTransport extends AbstractTransport
{
    private readonly Spool $spool;

    public function __construct(?Spool $spool = null)
    {
        parent::__construct();
        // Symfony's limit of messages a second is for servers.
        $this->setMaxPerSecond(0);
        $this->spool = $spool ?? new Spool();
    }

    public function __toString(): string
    {
        return 'outspool://default';
    }

    protected function doSend(SentMessage $message): void
    {
        $envelope = $message->getEnvelope();
        $recipients = \array_map(fn($address) => $address->getEncodedAddress(), $envelope->getRecipients());
        try {
            $id = $this->spool->submit(
                new Message($message->toString()),
                envelopeFrom: $envelope->getSender()->getEncodedAddress(), envelopeTo: $recipients);
        } catch (SubmitError $error) {
            throw new TransportException($error->getMessage(), 0, $error);
        }
        $message->setMessageId($id);
    }
}

/** Makes the transport of outspool://default, or of outspool://default?spool=/path. */
final class OutspoolTransportFactory extends AbstractTransportFactory
{
    public function create(Dsn $dsn): TransportInterface
    {
        return new OutspoolTransport(new Spool($dsn->getOption('spool')));
    }

    protected function getSupportedSchemes(): array
    {
        return ['outspool'];
    }
}
