<?php

declare(strict_types=1);

namespace Outspool;

/** Why an object is not a job; the pointer is a JSON pointer, empty for the object itself. */
final class FormFault extends \RuntimeException
{
    public function __construct(public readonly string $pointer, string $reason)
    {
        parent::__construct($reason);
    }
}

/**
 * Typed access to the members of an object; null counts as absent.
 *
 * @internal
 */
final class Fields
{
    public function __construct(public readonly object $members, public readonly string $below = '')
    {
    }

    public function allow(string ...$names): void
    {
        foreach (\get_object_vars($this->members) as $name => $_) {
            $isFree = $this->below === '' && \str_starts_with((string) $name, 'x-');
            if (!$isFree && !\in_array((string) $name, $names, true)) {
                throw new FormFault("$this->below/" . Schema::token($name), 'unknown field');
            }
        }
    }

    public function at(string $name): mixed
    {
        return $this->members->$name ?? null;
    }

    public function text(string $name): ?string
    {
        return $this->typed($name, \is_string(...), 'a string');
    }

    public function object(string $name): ?object
    {
        return $this->typed($name, \is_object(...), 'an object');
    }

    public function list(string $name): ?array
    {
        return $this->typed($name, \is_array(...), 'an array');
    }

    /** @return ?list<string> */
    public function texts(string $name): ?array
    {
        $values = $this->list($name);
        foreach ($values ?? [] as $index => $value) {
            if (!\is_string($value)) {
                throw new FormFault("$this->below/$name/$index", 'is not a string');
            }
        }
        return $values;
    }

    /** @return ?array{int, string} Seconds since 1970 and the digits behind them, which compare as the times do. */
    public function moment(string $name): ?array
    {
        if (\property_exists($this->members, $name) && $this->members->$name === null) {
            throw new FormFault("/$name", 'is null, not an RFC 3339 date-time; leave it out instead');
        }
        $text = $this->text($name);
        if ($text === null) {
            return null;
        }
        $pattern = '/^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$/D';
        // A leap second may stand anywhere here, unlike in a schema's date-time.
        if (\preg_match($pattern, $text, $parts) !== 1 || (int) $parts[3] > 60
            || !Format::isDateTime("$parts[1]T$parts[2]:59$parts[5]")
        ) {
            throw new FormFault("/$name", 'is not an RFC 3339 date-time such as 2026-11-23T17:44:11Z');
        }
        $minute = new \DateTimeImmutable("$parts[1]T$parts[2]:00" . \strtoupper($parts[5]));
        return [$minute->getTimestamp() + (int) $parts[3], \rtrim($parts[4], '0')];
    }

    private function typed(string $name, \Closure $isRight, string $wanted): mixed
    {
        $value = $this->at($name);
        if ($value !== null && !$isRight($value)) {
            throw new FormFault("$this->below/$name", "is not $wanted");
        }
        return $value;
    }
}

/**
 * The form of a job object, see spool(5): for what the daemon would bury it, as far as the object alone tells.
 *
 * @internal
 */
final class Form
{
    public const ID = '/^[A-Za-z0-9][A-Za-z0-9._@=+-]{0,199}$/D';
    private const FIELDS = [
        'template', 'params', 'subject', 'text', 'html', 'message', 'to', 'cc', 'bcc', 'from', 'replyTo', 'sender',
        'envelope', 'dsn', 'locale', 'headers', 'attachments', 'priority', 'sendAt', 'expiresAt', 'tags', 'metadata',
    ];
    private const OWN = [
        'from' => 'from', 'sender' => 'sender', 'reply-to' => 'replyTo', 'to' => 'to', 'cc' => 'cc', 'bcc' => 'bcc',
        'subject' => 'subject', 'date' => 'set when the mail is sent', 'message-id' => 'made from the id of the job',
    ];
    private const REFUSED = '/^(?:(return-path|received|mime-version|content-length|delivered-to|authentication-results)$'
        . '|content-|mime-|dkim-|domainkey-|arc-|resent-|received-)/D';
    private const UNIQUE = '/^(?:(in-reply-to|references|auto-submitted)$|list-)/D';
    private const IDENTIFYING = '/^(?:list-|(in-reply-to|references|archived-at|original-message-id'
        . '|x-original-message-id|errors-to|supersedes|feedback-id)$)/D';

    /** Throws FormFault for what no mail can ever be made of; returns expiresAt in seconds since 1970, or null. */
    public static function check(mixed $job): ?int
    {
        if (!\is_object($job)) {
            throw new FormFault('', 'the job is not an object');
        }
        $fields = new Fields($job);
        $fields->allow(...self::FIELDS);
        [$kind, $html, $message] = self::content($fields);
        $fields->object('params');
        $envelope = new Fields($fields->object('envelope') ?? new \stdClass(), '/envelope');
        $envelope->allow('from', 'to');
        [$envelopeFrom, $envelopeTo] = [$envelope->text('from'), $envelope->texts('to')];
        if (\property_exists($envelope->members, 'to') && !$envelopeTo) {
            throw new FormFault('/envelope/to', 'no recipient');
        }
        self::checkDSN(new Fields($fields->object('dsn') ?? new \stdClass(), '/dsn'));
        $fields->text('locale');
        [$headers, $attachments] = [$fields->object('headers') ?? new \stdClass(), $fields->list('attachments') ?? []];
        if (!\in_array($fields->text('priority'), [null, 'high', 'normal', 'bulk'], true)) {
            throw new FormFault('/priority', 'is not one of high, normal, bulk');
        }
        [$sendAt, $expiresAt] = [$fields->moment('sendAt'), $fields->moment('expiresAt')];
        if ($sendAt !== null && $expiresAt !== null) {
            $order = $expiresAt[0] <=> $sendAt[0] ?: \strcmp($expiresAt[1], $sendAt[1]);
            if ($order <= 0) {
                throw new FormFault('/expiresAt', 'is not after sendAt: the job could only expire');
            }
        }
        $fields->texts('tags');
        $fields->object('metadata');

        $recipients = 0;
        foreach (['to', 'cc', 'bcc'] as $name) {
            $recipients += self::checkMailboxes($fields->at($name), "/$name");
        }
        self::checkMailboxes($fields->at('from'), '/from', true);
        self::checkMailboxes($fields->at('sender'), '/sender', true);
        self::checkMailboxes($fields->at('replyTo'), '/replyTo');
        if (!\in_array($envelopeFrom, [null, '', '<>'], true)) {
            self::reading('/envelope/from', fn() => AddressParser::bare($envelopeFrom));
        }
        if ($kind === 'message') {
            foreach (['attachments', 'headers', 'replyTo', 'sender'] as $name) {
                $value = $fields->at($name);
                if ($value !== '' && (\is_object($value) ? \get_object_vars($value) : $value)) {
                    throw new FormFault("/$name", 'cannot stand next to message, which is the whole mail');
                }
            }
            $recipients += self::checkMessage($message, $recipients === 0 && $envelopeTo === null);
        } else {
            AttachmentForm::check($attachments, $html);
            foreach (\get_object_vars($headers) as $name => $value) {
                if (!\is_string($value)) {
                    throw new FormFault('/headers/' . Schema::token($name), 'is not a string');
                }
            }
            if (AddressParser::hasControl($fields->text('subject') ?? '', "\t")) {
                throw new FormFault('/subject', 'a control character');
            }
            self::checkHeaders(\get_object_vars($headers));
        }
        foreach ($envelopeTo ?? [] as $index => $text) {
            self::reading("/envelope/to/$index", fn() => AddressParser::bare($text));
        }
        // A task has no recipient, and only its template tells that it is one.
        $named = \array_filter(['to', 'cc', 'bcc'], fn($name) => !\in_array($fields->at($name), [null, ''], true));
        if ($recipients === 0 && $envelopeTo === null && ($kind !== 'template' || $named)) {
            throw new FormFault('', 'no recipient: none of to, cc, bcc and envelope names one');
        }
        return $expiresAt[0] ?? null;
    }

    /** @return array{string, ?string, string} */
    private static function content(Fields $fields): array
    {
        [$template, $text, $html] = [$fields->text('template'), $fields->text('text'), $fields->text('html')];
        [$subject, $message] = [$fields->text('subject'), $fields->at('message')];
        $isMail = $subject !== null || $text !== null || $html !== null;
        $kinds = (int) ($template !== null) + (int) $isMail + (int) ($message !== null);
        if ($kinds !== 1) {
            throw new FormFault('', $kinds === 0 ? 'neither template, nor subject with text or html, nor message'
                : 'more than one of template, subject with text or html, and message');
        }
        if ($template !== null) {
            if (\preg_match(self::ID, $template) !== 1) {
                throw new FormFault(
                    '/template', "is not a template's name: A-Z a-z 0-9 . _ @ = + -, a letter or digit first");
            }
            return ['template', null, ''];
        }
        if ($isMail) {
            if ($subject === null) {
                throw new FormFault('/subject', 'missing next to text or html');
            }
            if ($text === null && $html === null) {
                throw new FormFault('', 'a subject without text or html');
            }
            return ['mail', $html, ''];
        }
        if (\is_string($message)) {
            return ['message', null, $message];
        }
        if (\is_object($message) && \array_keys(\get_object_vars($message)) === ['base64']
            && \is_string($message->base64)
        ) {
            $decoded = AttachmentForm::decoded($message->base64)
                ?? throw new FormFault('/message/base64', 'is not base64');
            return ['message', null, $decoded];
        }
        throw new FormFault('/message', 'is neither a string nor {"base64": "…"}');
    }

    private static function checkDSN(Fields $fields): void
    {
        $fields->allow('notify', 'return', 'envelopeId');
        $words = $fields->texts('notify');
        if ($words === []) {
            throw new FormFault('/dsn/notify', 'is empty; leave it out instead');
        }
        foreach ($words ?? [] as $index => $word) {
            if (!\in_array($word, ['never', 'success', 'failure', 'delay'], true)) {
                throw new FormFault("/dsn/notify/$index", 'is not one of never, success, failure, delay');
            }
        }
        if (\in_array('never', $words ?? [], true) && \array_unique($words) !== ['never']) {
            throw new FormFault('/dsn/notify', 'never cannot be combined with others');
        }
        if (!\in_array($fields->text('return'), [null, 'full', 'headers'], true)) {
            throw new FormFault('/dsn/return', 'is not one of full, headers');
        }
        $name = $fields->text('envelopeId');
        if ($name !== null) {
            $length = \strlen($name) + 2 * \strlen((string) \preg_replace('/[^ +=]/', '', $name));
            if (\preg_match('/^[ -~]*$/D', $name) !== 1 || $length < 1 || $length > 100) {
                throw new FormFault('/dsn/envelopeId', 'is not 1 to 100 characters of printable ASCII');
            }
        }
    }

    /** Runs what reads addresses, and names the field that has them. */
    private static function reading(string $pointer, \Closure $read): mixed
    {
        try {
            return $read();
        } catch (AddressFault $fault) {
            throw new FormFault($pointer, $fault->getMessage());
        }
    }

    /** Reads an address or a list of them; returns how many there are. */
    private static function checkMailboxes(mixed $value, string $pointer, bool $isOne = false): int
    {
        if ($value === null || $value === '') {
            return 0;
        }
        $values = \is_array($value) && !$isOne ? $value : [$value];
        self::reading($pointer, function () use ($values): void {
            foreach ($values as $one) {
                match (true) {
                    \is_string($one) => AddressParser::mailbox($one),
                    \is_object($one) => self::checkParts($one),
                    default => throw new AddressFault('neither a string nor {"name":…,"email":…}'),
                };
            }
        });
        return \count($values);
    }

    private static function checkParts(object $parts): void
    {
        if (\array_diff(\array_keys(\get_object_vars($parts)), ['name', 'email'])) {
            throw new AddressFault('an unknown member in an address');
        }
        [$name, $email] = [$parts->name ?? null, $parts->email ?? null];
        if (!\is_string($email) || !($name === null || \is_string($name))) {
            throw new AddressFault('"name" and "email" are strings');
        }
        AddressParser::bare(\trim($email, ' '));
        if (AddressParser::hasControl($name ?? '')) {
            throw new AddressFault('a control character in the name');
        }
    }

    /** @param array<string, string> $headers */
    private static function checkHeaders(array $headers): void
    {
        $seen = [];
        foreach ($headers as $name => $value) {
            $lower = \strtolower((string) $name);
            $reason = match (true) {
                \preg_match('/^[!-9;-~]{1,60}$/D', (string) $name) !== 1 =>
                    "a name is up to 60 printable characters without ':'",
                isset(self::OWN[$lower]) => "$name has a field of its own, " . self::OWN[$lower],
                \preg_match(self::REFUSED, $lower) === 1 =>
                    "$name cannot be set: it describes how the message is built or travels",
                AddressParser::hasControl($value, "\t") => "$name: a control character in the value",
                \preg_match(self::IDENTIFYING, $lower) === 1
                    && \preg_match('/[\x80-\xff]/', $lower !== 'list-id' ? $value : (\strstr($value, '<') ?: '')) === 1 =>
                    "$name: a character that is not ASCII, which ids and URIs have to encode",
                \preg_match('/(?<![^ \t])[^ \t\x80-\xff]{931,}(?![^ \t])/', $value) === 1 =>
                    "$name: more than 930 characters without a space",
                \preg_match(self::UNIQUE, $lower) === 1 && isset($seen[$lower]) => "$name: twice",
                default => null,
            };
            if ($reason !== null) {
                throw new FormFault('/headers', $reason);
            }
            $seen[$lower] = true;
        }
    }

    /** Reads the header of a whole message; returns how many recipients it names, if it has to name them. */
    private static function checkMessage(string $source, bool $mustName): int
    {
        if (\str_contains($source, "\0")) {
            throw new FormFault('/message', 'a NUL');
        }
        $lines = \preg_split('/\r\n|\r|\n/', $source) ?: [];
        if (\preg_match('/^>?From (?![ \t]*:)/', $source) === 1) {
            \array_shift($lines);
        }
        $fields = [];
        foreach ($lines as $line) {
            if ($line === '') {
                break;
            }
            if ($fields && ($line[0] === ' ' || $line[0] === "\t")) {
                $fields[\count($fields) - 1][1] .= $line;
            } elseif (\preg_match('/^([!-9;-~]+)[ \t]*:(.*)$/sD', $line, $field) === 1) {
                $fields[] = [\strtolower($field[1]), $field[2]];
            } elseif (!$fields) {
                return 0;
            } else {
                throw new FormFault('/message', 'a line that is neither a header field nor the continuation of one');
            }
        }
        $count = 0;
        foreach ($mustName ? $fields : [] as [$name, $value]) {
            if (\in_array($name, ['to', 'cc', 'bcc'], true)) {
                if (\preg_match('//u', $value) !== 1) {
                    throw new FormFault('/message', "$name: not valid UTF-8");
                }
                $count += self::reading('/message', fn() => AddressParser::count(\trim($value, " \t")));
            }
        }
        return $count;
    }
}
