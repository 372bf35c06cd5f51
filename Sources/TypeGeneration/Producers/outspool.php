<?php

declare(strict_types=1);

namespace Outspool;

require_once __DIR__ . '/outspool_address.php';
require_once __DIR__ . '/outspool_schema.php';
require_once __DIR__ . '/outspool_format.php';
require_once __DIR__ . '/outspool_form.php';
require_once __DIR__ . '/outspool_attachments.php';
require_once __DIR__ . '/outspool_files.php';
require_once __DIR__ . '/outspool_job.php';

/** Why a job was not queued, or that it may be. */
enum SubmitReason: string
{
    /**
     * The same job is in the spool under this id, or a job of the id waits where this user cannot look. If the
     * id is your idempotency key, take this for success.
     */
    case AlreadyQueued = 'alreadyQueued';
    /**
     * The job may be queued or not, the last wait for the disk failed. Submitted again under a chosen id
     * it is sent once.
     */
    case Unsettled = 'unsettled';
    /** Nothing is queued, and the same call can succeed later: a full disk. */
    case Temporary = 'temporary';
    /** Nothing is queued, nor will be until the installation changes. */
    case Unusable = 'unusable';
    /** Nothing is queued, nor will be, the job is at fault. */
    case Invalid = 'invalid';
}

final class SubmitError extends \RuntimeException
{
    /**
     * @param ?string $id Of AlreadyQueued and Unsettled: the job's.
     * @param ?string $pointer Of Invalid: the place in the job (RFC 6901), '' for all of it, 'id' for the id.
     */
    public function __construct(
        public readonly SubmitReason $reason,
        string $message,
        public readonly ?string $id = null,
        ?\Throwable $previous = null,
        public readonly ?string $pointer = null,
    ) {
        parent::__construct($message, 0, $previous);
    }
}

/** Where a job is, and the last event of its history. */
final readonly class Outcome
{
    /** @param ?array<string, mixed> $event */
    public function __construct(public string $state, public ?array $event)
    {
    }
}

/** A job that was queued in memory, as spool(5) has it. */
final readonly class Queued
{
    public function __construct(public string $id, public object $job)
    {
    }
}

/** What an application needs of a spool, for its doubles. */
interface Submitter
{
    /** @throws SubmitError */
    public function submitAs(Submission $submission): string;

    /**
     * @param list<Submission> $submissions
     * @return list<string|SubmitError>
     */
    public function submitAll(array $submissions): array;

    public function outcome(string $id): ?Outcome;
}

/** Where mail is submitted: a spool, or the drop box that this application has in one. */
class Spool implements Submitter
{
    public readonly string $path;

    /** @var list<Queued> */
    private static array $memory = [];

    /** @var array<string, string|Schema> What the parameters of each template must fit, by its name. */
    private static array $schemas = [];

    /**
     * At OUTSPOOL_SPOOL, or else /var/spool/outspool, if no path is given. At 'memory:' jobs are kept in this process,
     * for tests: queued() has them.
     */
    public function __construct(?string $path = null)
    {
        $this->path = $path ?: \getenv('OUTSPOOL_SPOOL') ?: '/var/spool/outspool';
    }

    /**
     * Queues a job and returns its id, the idempotency key if one is given.
     *
     * On return the job is on disk and outlives a power cut. An address is 'zoe@example.com',
     * 'Zoë <zoe@example.com>' or ['name' => 'Zoë', 'email' => 'zoe@example.com']; several are a list. What the daemon
     * would bury is Invalid, and nothing is written.
     *
     * @param array<string, string> $headers
     * @param list<Attachment|array<string, string>> $attachments
     * @param list<string> $tags
     * @param array<string, mixed> $metadata
     * @throws SubmitError
     */
    public function submit(
        Job $job,
        string|array $to = [],
        string|array $cc = [],
        string|array $bcc = [],
        string|array|null $from = null,
        string|array|null $replyTo = null,
        string|array|null $sender = null,
        ?string $id = null,
        ?string $locale = null,
        array $headers = [],
        array $attachments = [],
        ?string $priority = null,
        ?\DateTimeInterface $sendAt = null,
        ?\DateTimeInterface $expiresAt = null,
        array $tags = [],
        array $metadata = [],
        ?string $envelopeFrom = null,
        ?array $envelopeTo = null,
        array $dsn = [],
    ): string {
        return $this->submitAs(new Submission(
            $job, $to, $cc, $bcc, $from, $replyTo, $sender, $id, $locale, $headers, $attachments,
            $priority, $sendAt, $expiresAt, $tags, $metadata, $envelopeFrom, $envelopeTo, $dsn,
        ));
    }

    public function submitAs(Submission $submission): string
    {
        return $this->submitObject($submission->object(), $submission->id);
    }

    /**
     * Queues a job object as spool(5) has it; judged as any other job.
     *
     * @throws SubmitError
     */
    public function submitObject(array|object $job, ?string $id = null): string
    {
        $text = self::judged($job, $id);
        return $this->path === 'memory:' ? self::remember($text, $id) : $this->draft($text, $id)->publish();
    }

    /**
     * Writes a job to disk without queueing it, before a database commits; publish() of the draft queues it after.
     *
     * @throws SubmitError
     */
    public function prepare(Submission $submission): Draft
    {
        if ($this->path === 'memory:') {
            throw new SubmitError(SubmitReason::Unusable, 'a spool in memory has no drafts; submit() instead');
        }
        return $this->draft(self::judged($submission->object(), $submission->id), $submission->id);
    }

    /**
     * Queues many jobs at the price of few waits for the disk: for each its id, or why it was not queued.
     *
     * @param list<Submission> $submissions
     * @return list<string|SubmitError>
     */
    public function submitAll(array $submissions): array
    {
        $results = [];
        if ($this->path === 'memory:') {
            return \array_map(fn($one) => self::caught(fn() => $this->submitAs($one)), $submissions);
        }
        // Each holds an open file until all of its hundred are on disk.
        foreach (\array_chunk($submissions, 100) as $some) {
            \array_push($results, ...$this->submitSome($some));
        }
        return $results;
    }

    /** Tells where a job is; null if the spool does not know it any more. */
    public function outcome(string $id): ?Outcome
    {
        if (\preg_match(Form::ID, $id) !== 1) {
            return null;
        }
        if ($this->path === 'memory:') {
            return \in_array($id, \array_column(self::$memory, 'id'), true) ? new Outcome('new', null) : null;
        }
        $told = \json_decode((string) @\file_get_contents("$this->path/out/$id"), true);
        if (\is_array($told) && \is_string($told['state'] ?? null)) {
            return new Outcome($told['state'], $told['event'] ?? null);
        }
        $found = Found::in($this->path, $id);
        return $found === null ? null : new Outcome($found->state, $found->event);
    }

    /** @return list<Queued> What was queued in memory, in order. */
    public function queued(): array
    {
        return $this->path === 'memory:' ? self::$memory
            : throw new SubmitError(SubmitReason::Unusable, 'only a spool of the path memory: tells what is queued in it');
    }

    /** Forgets what was queued in memory. */
    public static function clear(): void
    {
        self::$memory = [];
    }

    /**
     * Makes a job without queueing it: [its id, new if none is given, and its JSON text], which submit() would queue.
     *
     * The application inserts both into a table in its own transaction; outspool-pump(5) takes them from there. The options
     * are those of submit(), by name.
     *
     * @return array{string, string}
     * @throws SubmitError
     */
    public static function outboxRow(Job $job, mixed ...$options): array
    {
        $submission = new Submission($job, ...$options);
        return [$submission->id ?? Draft::newId(), self::judged($submission->object(), $submission->id)];
    }

    /**
     * @internal Adds the schemas of templates, by which their parameters are judged.
     * @param array<string, string> $schemas
     */
    public static function know(array $schemas): void
    {
        self::$schemas = $schemas + self::$schemas;
    }

    /**
     * @param list<Submission> $submissions
     * @return list<string|SubmitError>
     */
    private function submitSome(array $submissions): array
    {
        $directory = Draft::openNew($this->path);
        [$results, $drafts] = [[], []];
        foreach ($submissions as $place => $submission) {
            $results[] = self::caught(function () use ($submission, $place, &$drafts): string {
                $draft = $this->prepare($submission);
                $draft->rename();
                $drafts[$place] = $draft;
                return $draft->id;
            });
        }
        $failed = null;
        foreach ($drafts as $place => $draft) {
            // One fsync of the directory is that of all; where it failed, each asks again and learns so.
            if ($directory === false || $failed !== null || $place === \array_key_first($drafts)) {
                $failed = self::caught(fn() => $draft->settle($directory));
                $results[$place] = $failed ?? $results[$place];
            }
        }
        return $results;
    }

    private static function caught(\Closure $call): mixed
    {
        try {
            return $call();
        } catch (SubmitError $error) {
            return $error;
        }
    }

    private function draft(string $text, ?string $id): Draft
    {
        $found = $id === null ? null : Found::in($this->path, $id);
        if ($found !== null) {
            self::refuseNamesake((string) $id, $found->job, \json_decode($text), $found->state);
        }
        return new Draft($this->path, $id ?? Draft::newId(), $text . "\n", $id !== null);
    }

    private static function remember(string $text, ?string $id): string
    {
        $job = \json_decode($text);
        foreach (self::$memory as $queued) {
            if ($queued->id === $id) {
                self::refuseNamesake($id, $queued->job, $job, 'new');
            }
        }
        self::$memory[] = new Queued($id ?? Draft::newId(), $job);
        return self::$memory[\count(self::$memory) - 1]->id;
    }

    private static function refuseNamesake(string $id, mixed $there, mixed $own, string $state): never
    {
        if (Schema::key($state === 'done' ? self::unmasked($there, $own) : $there) === Schema::key($own)) {
            throw new SubmitError(SubmitReason::AlreadyQueued, "$id is already queued", $id);
        }
        throw self::invalid('id', "another job of that id is in $state/; a new job needs a new id");
    }

    /** A job of done/ with our own values for the secrets that are masked there. */
    private static function unmasked(mixed $there, mixed $own): mixed
    {
        if ($there === '***') {
            return $own;
        }
        if (\is_object($there) && \is_object($own)) {
            $members = [];
            foreach (\get_object_vars($there) as $name => $one) {
                $members[$name] = self::unmasked($one, $own->$name ?? null);
            }
            return (object) $members;
        }
        return \is_array($there) && \is_array($own)
            ? \array_map(fn($one, $other) => self::unmasked($one, $other), $there, \array_slice($own, 0, \count($there)))
            : $there;
    }

    private static function invalid(string $pointer, string $reason, ?\Throwable $previous = null): SubmitError
    {
        $message = $pointer === '' ? $reason : "$pointer: $reason";
        return new SubmitError(SubmitReason::Invalid, $message, null, $previous, $pointer);
    }

    /** Makes the JSON text of a job object; throws for what the daemon would bury. */
    private static function judged(array|object $job, ?string $id): string
    {
        if ($id !== null && \preg_match(Form::ID, $id) !== 1) {
            throw self::invalid('id', 'is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first');
        }
        try {
            $flags = \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_SLASHES | \JSON_UNESCAPED_UNICODE;
            $text = \json_encode($job, $flags, 100);
            $value = \json_decode($text, false, 512, \JSON_THROW_ON_ERROR);
            $expiresAt = Form::check($value);
        } catch (\JsonException $error) {
            throw self::invalid('', 'the job cannot be encoded: ' . $error->getMessage(), $error);
        } catch (FormFault $fault) {
            throw self::invalid($fault->pointer, $fault->getMessage());
        }
        $schema = self::$schemas[$value->template ?? ''] ?? null;
        if (\is_string($schema)) {
            $schema = self::$schemas[$value->template] = new Schema($schema);
        }
        $found = $schema?->violation($value->params ?? new \stdClass());
        if ($found !== null) {
            throw self::invalid("/params$found[0]", $found[1]);
        }
        if ($expiresAt !== null && $expiresAt < \time()) {
            throw self::invalid('/expiresAt', 'is over: the job could only expire');
        }
        return $text;
    }
}
