<?php

declare(strict_types=1);

namespace Outspool;

/** Why a job was not queued, or that it may be. */
enum SubmitReason: string
{
    /**
     * A job of this id waits in the spool, and is what it was. If the id is your idempotency key,
     * take this for success.
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
    /** @param ?string $id Of AlreadyQueued and Unsettled: the job's. */
    public function __construct(
        public readonly SubmitReason $reason,
        string $message,
        public readonly ?string $id = null,
        ?\Throwable $previous = null,
    ) {
        parent::__construct($message, 0, $previous);
    }
}

/** The parameters of one template. */
interface Job extends \JsonSerializable
{
    public function template(): string;
}

/** Where mail is submitted: a spool, or the drop box that this application has in one. */
final class Spool
{
    public readonly string $path;

    /** At OUTSPOOL_SPOOL, or else /var/spool/outspool, if no path is given. */
    public function __construct(?string $path = null)
    {
        $this->path = $path ?: \getenv('OUTSPOOL_SPOOL') ?: '/var/spool/outspool';
    }

    /**
     * Queues a job and returns its id, the idempotency key if one is given.
     *
     * On return the job is on disk and outlives a power cut. An address is 'zoe@example.com',
     * 'Zoë <zoe@example.com>' or ['name' => 'Zoë', 'email' => 'zoe@example.com']; several are a list.
     *
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
    ): string {
        [, $text] = self::outboxRow(
            $job, $to, $cc, $bcc, $from, $replyTo, $sender, $id, $locale, $headers, $attachments,
            $priority, $sendAt, $expiresAt, $tags, $metadata,
        );
        return $this->queue($text . "\n", $id);
    }

    /**
     * Makes a job without queueing it: [its id, new if none is given, and its JSON text], which submit() would queue.
     *
     * The application inserts both into a table in its own transaction; outspool-pump(5) takes them from there.
     *
     * @return array{string, string}
     * @throws SubmitError
     */
    public static function outboxRow(
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
    ): array {
        if ($id !== null && !\preg_match('/\A[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}\z/', $id)) {
            throw new SubmitError(
                SubmitReason::Invalid,
                'id: is not 1 to 200 of A-Z a-z 0-9 . _ @ = + -, a letter or digit first',
            );
        }
        $lines = \compact('to', 'cc', 'bcc', 'from', 'replyTo', 'sender', 'headers');
        foreach ($lines as $name => $value) {
            self::checkLines($name, $value);
        }
        $rest = \compact('locale', 'attachments', 'priority', 'tags', 'metadata') + [
            'sendAt' => $sendAt?->format('Y-m-d\TH:i:s.vP'),
            'expiresAt' => $expiresAt?->format('Y-m-d\TH:i:s.vP'),
        ];
        $given = \array_filter($lines + $rest, fn($value) => $value !== null && $value !== []);
        try {
            $text = \json_encode(
                ['template' => $job->template(), 'params' => $job] + $given,
                \JSON_THROW_ON_ERROR | \JSON_UNESCAPED_SLASHES | \JSON_UNESCAPED_UNICODE,
            );
        } catch (\JsonException $error) {
            throw new SubmitError(
                SubmitReason::Invalid, 'the job cannot be encoded: ' . $error->getMessage(), null, $error);
        }
        return [$id ?? self::newId(), $text];
    }

    /** Puts a job into new/. The order of the steps is the promise. */
    private function queue(string $text, ?string $chosen): string
    {
        $id = $chosen ?? self::newId();
        $tmp = $this->path . '/tmp/' . self::random(20);
        $target = $this->path . '/new/' . $id;
        $isInTmp = false;
        $step = 'create';
        // Of a drop box it fails: its producers add to it and cannot read it.
        $directory = @\fopen($this->path . '/new', 'r');
        // 'x' is O_CREAT|O_EXCL, which follows no symbolic link; its mode comes from the umask.
        $umask = \umask(0077);
        try {
            $file = self::call(fn() => \fopen($tmp, 'xe'));
            \umask($umask);
            $isInTmp = true;
            // In a drop box the daemon, which owns it, has to read the file.
            if (self::call(fn() => \stat($this->path . '/new'))['uid'] !== \fstat($file)['uid']) {
                self::call(fn() => \chmod($tmp, 0604));
            }
            for ($done = 0; $done < \strlen($text);) {
                $count = self::call(fn() => \fwrite($file, $done === 0 ? $text : \substr($text, $done)));
                $done += $count;
            }
            self::call(fn() => \fsync($file));
            $step = 'publish';
            if ($chosen === null) {
                self::call(fn() => \rename($tmp, $target));
            } else {
                // Unlike rename, it refuses a name that is taken.
                self::call(fn() => \link($tmp, $target));
                $step = 'settle';
                self::call(fn() => \unlink($tmp));
            }
            $isInTmp = false;
            $step = 'settle';
            // The rename is on disk once its directory is, or on ext4, XFS and btrfs its file again.
            self::call(fn() => \fsync($directory ?: $file));
            return $id;
        } catch (\ErrorException $error) {
            throw self::fault($error, $step, $id);
        } finally {
            \umask($umask);
            if ($isInTmp) {
                // What is left in tmp/ is harmless; the daemon clears it.
                @\unlink($tmp);
            }
        }
    }

    /** What a function of PHP returns; its warning, or false, as an exception. */
    private static function call(\Closure $function): mixed
    {
        \set_error_handler(fn($level, $message) => throw new \ErrorException($message));
        try {
            $result = $function();
        } finally {
            \restore_error_handler();
        }
        return $result !== false ? $result : throw new \ErrorException('failed without a warning');
    }

    private static function fault(\ErrorException $error, string $step, string $id): SubmitError
    {
        $message = $error->getMessage();
        if ($step === 'publish' && \str_ends_with($message, 'File exists')) {
            return new SubmitError(SubmitReason::AlreadyQueued, "$id is already queued", $id, $error);
        }
        if ($step === 'settle') {
            return new SubmitError(
                SubmitReason::Unsettled, "$id may be queued or not: $message", $id, $error);
        }
        // PHP has the text of errno(3) and not its number.
        $wrong = '/(No such file or directory|Not a directory|Permission denied|Operation not permitted'
            . '|Too many levels of symbolic links|File name too long|Invalid argument)$/';
        $reason = \preg_match($wrong, $message) ? SubmitReason::Unusable : SubmitReason::Temporary;
        return new SubmitError($reason, $message, null, $error);
    }

    private static function newId(): string
    {
        return \gmdate('Ymd\THis\Z-') . self::random(10);
    }

    private static function random(int $count): string
    {
        $text = '';
        for ($i = 0; $i < $count; $i++) {
            $text .= '0123456789abcdefghijklmnopqrstuv'[\random_int(0, 31)];
        }
        return $text;
    }

    private static function checkLines(string $name, mixed $value): void
    {
        if (\is_string($value) && \strpbrk($value, "\r\n\0") !== false) {
            throw new SubmitError(SubmitReason::Invalid, "$name: has a line break or NUL");
        }
        foreach (\is_array($value) ? $value : [] as $key => $item) {
            self::checkLines($name, (string) $key);
            self::checkLines($name, $item);
        }
    }
}
