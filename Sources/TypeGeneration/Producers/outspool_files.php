<?php

declare(strict_types=1);

namespace Outspool;

/**
 * A job that is on disk and not queued yet. Dropped, it removes itself.
 *
 * The order of the steps is the promise, see spool(5), SUBMISSION.
 */
final class Draft
{
    private readonly string $tmp;
    /** @var resource|null */
    private mixed $file = null;
    private bool $isInTmp = false;

    /** @internal */
    public function __construct(
        private readonly string $path,
        public readonly string $id,
        string $text,
        private readonly bool $isChosen,
    ) {
        $this->tmp = "$path/tmp/" . self::random(20);
        // 'x' is O_CREAT|O_EXCL, which follows no symbolic link; its mode comes from the umask.
        $umask = \umask(0077);
        try {
            $this->file = self::call(fn() => \fopen($this->tmp, 'xe'));
            \umask($umask);
            $this->isInTmp = true;
            // In a drop box the daemon, which owns it, has to read the file.
            if (self::call(fn() => \stat("$path/new"))['uid'] !== \fstat($this->file)['uid']) {
                self::call(fn() => \chmod($this->tmp, 0604));
            }
            for ($done = 0; $done < \strlen($text);) {
                $done += self::call(fn() => \fwrite($this->file, $done === 0 ? $text : \substr($text, $done)));
            }
            self::call(fn() => \fsync($this->file));
        } catch (\ErrorException $error) {
            $this->discard();
            throw self::fault($error, 'create', $id);
        } finally {
            \umask($umask);
        }
    }

    public function __destruct()
    {
        $this->discard();
    }

    /** Queues the job and returns its id; on disk on return. @throws SubmitError */
    public function publish(): string
    {
        $directory = self::openNew($this->path);
        $this->rename();
        $this->settle($directory);
        return $this->id;
    }

    /** @internal Queues the job, which is on disk once settle() was called. */
    public function rename(): void
    {
        $target = "$this->path/new/$this->id";
        $step = 'publish';
        try {
            if ($this->isChosen) {
                // Unlike rename, it refuses a name that is taken.
                self::call(fn() => \link($this->tmp, $target));
                $step = 'settle';
                self::call(fn() => \unlink($this->tmp));
            } else {
                self::call(fn() => \rename($this->tmp, $target));
            }
            $this->isInTmp = false;
        } catch (\ErrorException $error) {
            $this->discard();
            throw self::fault($error, $step, $this->id);
        }
    }

    /**
     * @internal Waits until the rename is on disk: its directory, or on ext4, XFS and btrfs its file again.
     * @param resource|false $directory
     */
    public function settle(mixed $directory): void
    {
        try {
            self::call(fn() => \fsync($directory ?: $this->file));
        } catch (\ErrorException $error) {
            throw self::fault($error, 'settle', $this->id);
        }
    }

    /** Removes a job that was not published. */
    public function discard(): void
    {
        if ($this->isInTmp) {
            $this->isInTmp = false;
            // What is left in tmp/ is harmless; the daemon clears it.
            @\unlink($this->tmp);
        }
        $this->file = null;
    }

    /**
     * @internal Opens new/ for its fsync; false in a drop box: its producers add to it and cannot read it.
     * @return resource|false
     */
    public static function openNew(string $path): mixed
    {
        return @\fopen("$path/new", 'r');
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
            return new SubmitError(SubmitReason::Unsettled, "$id may be queued or not: $message", $id, $error);
        }
        // PHP has the text of errno(3) and not its number.
        $wrong = '/(No such file or directory|Not a directory|Permission denied|Operation not permitted'
            . '|Too many levels of symbolic links|File name too long|Invalid argument)$/';
        $reason = \preg_match($wrong, $message) ? SubmitReason::Unusable : SubmitReason::Temporary;
        return new SubmitError($reason, $message, null, $error);
    }

    /** @internal */
    public static function newId(): string
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
}

/**
 * A job that is in a spool, in whatever state.
 *
 * @internal
 */
final readonly class Found
{
    /** @param ?array<string, mixed> $event The last of its history. */
    private function __construct(public string $state, public mixed $job, public ?array $event)
    {
    }

    /** Null if the spool does not have it, or not for this user to see. */
    public static function in(string $path, string $id): ?self
    {
        // A job that moves meanwhile is met further on, or again in new/.
        foreach (['new', 'scheduled', 'retry/*', 'hold', 'cur/*', 'done/*', 'dead', 'new'] as $directory) {
            [$state, $names] = [\strtok($directory, '/'), ['']];
            if ($state !== $directory) {
                $names = @\scandir("$path/$state") ?: [];
            }
            foreach ($names as $name) {
                $file = "$path/$state/$name/$id";
                if ($name !== '.' && $name !== '..' && @\filetype($file) === 'file') {
                    $bytes = @\file_get_contents($file);
                    if ($bytes !== false) {
                        return self::read((string) $state, $bytes);
                    }
                }
            }
        }
        return null;
    }

    /** Lines that do not parse are left out. */
    private static function read(string $state, string $bytes): self
    {
        $lines = \explode("\n", $bytes);
        $job = \json_decode($lines[0]);
        // An object that another producer wrote over several lines.
        for ($count = 2; $job === null && $count <= \count($lines); $count++) {
            $job = \json_decode(\implode("\n", \array_slice($lines, 0, $count)));
        }
        $event = null;
        foreach (\array_slice($lines, 1) as $line) {
            $read = \json_decode($line, true);
            $event = \is_array($read) && isset($read['event']) ? $read : $event;
        }
        return new self($state, $job, $event);
    }
}
