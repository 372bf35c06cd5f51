<?php

declare(strict_types=1);

namespace Outspool;

/** What is sent: the parameters of a template; or see Mail and Message. */
interface Job extends \JsonSerializable
{
    /** The template's name; the JSON of the job is its parameters. */
    public function template(): string;
}

/** What is sent without a template: the JSON is members of the job object of spool(5). */
interface OwnContent extends Job
{
}

/** A template that has no type here. */
final readonly class Template implements Job
{
    /** @param array<string, mixed>|object $params */
    public function __construct(public string $name, public array|object $params = [])
    {
    }

    public function template(): string
    {
        return $this->name;
    }

    public function jsonSerialize(): object
    {
        return (object) $this->params;
    }
}

/** A mail without a template, of text or HTML or both; from HTML alone the text is made. */
final readonly class Mail implements OwnContent
{
    public function __construct(public string $subject, public ?string $text = null, public ?string $html = null)
    {
    }

    public function template(): string
    {
        return '';
    }

    public function jsonSerialize(): object
    {
        return (object) \array_filter(\get_object_vars($this), fn($text) => $text !== null);
    }
}

/** A whole message (RFC 5322), delivered to the recipients whatever its header says. */
final readonly class Message implements OwnContent
{
    public function __construct(public string $content)
    {
    }

    public function template(): string
    {
        return '';
    }

    public function jsonSerialize(): object
    {
        $isText = \preg_match('//u', $this->content) === 1;
        return (object) ['message' => $isText ? $this->content : ['base64' => \base64_encode($this->content)]];
    }
}

/** A file that goes with the mail: its content, or a name below the daemon's attachments_directory. */
final readonly class Attachment implements \JsonSerializable
{
    public function __construct(
        public ?string $content = null,
        public ?string $file = null,
        public ?string $filename = null,
        public ?string $contentType = null,
        public ?string $cid = null,
    ) {
    }

    public function jsonSerialize(): object
    {
        $content = $this->content === null ? null : \base64_encode($this->content);
        return (object) \array_filter(['content' => $content] + \get_object_vars($this), fn($text) => $text !== null);
    }
}

/** A job with all that is said of it; the same as the arguments of Spool::submit(). */
final readonly class Submission
{
    public function __construct(
        public Job $job,
        public string|array $to = [],
        public string|array $cc = [],
        public string|array $bcc = [],
        public string|array|null $from = null,
        public string|array|null $replyTo = null,
        public string|array|null $sender = null,
        public ?string $id = null,
        public ?string $locale = null,
        public array $headers = [],
        public array $attachments = [],
        public ?string $priority = null,
        public ?\DateTimeInterface $sendAt = null,
        public ?\DateTimeInterface $expiresAt = null,
        public array $tags = [],
        public array $metadata = [],
        public ?string $envelopeFrom = null,
        public ?array $envelopeTo = null,
        public array $dsn = [],
    ) {
    }

    /**
     * The job object of spool(5).
     *
     * @return array<string, mixed>
     */
    public function object(): array
    {
        $content = $this->job instanceof OwnContent ? (array) $this->job->jsonSerialize()
            : ['template' => $this->job->template(), 'params' => $this->job];
        $moment = fn(?\DateTimeInterface $time) => $time?->format('Y-m-d\TH:i:s.vP');
        $isGiven = fn($value) => $value !== null && $value !== [];
        $envelope = \array_filter(['from' => $this->envelopeFrom, 'to' => $this->envelopeTo], fn($one) => $one !== null);
        return $content + \array_filter([
            'to' => $this->to, 'cc' => $this->cc, 'bcc' => $this->bcc, 'from' => $this->from,
            'replyTo' => $this->replyTo, 'sender' => $this->sender, 'envelope' => $envelope, 'dsn' => $this->dsn,
            'locale' => $this->locale, 'headers' => $this->headers ? (object) $this->headers : null,
            'attachments' => $this->attachments, 'priority' => $this->priority, 'sendAt' => $moment($this->sendAt),
            'expiresAt' => $moment($this->expiresAt), 'tags' => $this->tags,
            'metadata' => $this->metadata ? (object) $this->metadata : null,
        ], $isGiven);
    }
}
