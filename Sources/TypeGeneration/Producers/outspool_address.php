<?php

declare(strict_types=1);

namespace Outspool;

/** Why a text is not an address. */
final class AddressFault extends \RuntimeException
{
}

/**
 * Addresses of a job, read as the daemon reads them: RFC 5322, section 3.4; RFC 5321, section 4.1.2; RFC 6531.
 *
 * @internal
 */
final class AddressParser
{
    private const ATEXT = "[A-Za-z0-9!#$%&'*+\\-\\/=?^_`{|}~\\x80-\\xff]+";
    private const NAME = 'a label in the domain that is not letters, digits and inner hyphens';

    private int $position = 0;

    private function __construct(private readonly string $text)
    {
    }

    /** Tells whether a text has a control character: C0, DEL or C1. */
    public static function hasControl(string $text, string $but = ''): bool
    {
        return \preg_match('/[\x00-\x1f\x7f]|\xc2[\x80-\x9f]/', $but === '' ? $text : \str_replace($but, ' ', $text)) === 1;
    }

    /** Reads `a@b`: no name, no angle brackets, no comments. */
    public static function bare(string $text): void
    {
        $parser = self::of($text);
        $words = $parser->words();
        if ($parser->current() !== '@') {
            throw $parser->current() === '' ? new AddressFault('no @') : $parser->unexpected();
        }
        $parser->address($words);
        if ($parser->current() !== '') {
            throw $parser->unexpected();
        }
    }

    /** Reads one mailbox: `a@b`, `Name <a@b>`, `"Name, quoted" <a@b>` or `a@b (Name)`. */
    public static function mailbox(string $text): void
    {
        $parser = self::of($text);
        if (!$parser->readMailbox(false)) {
            throw $parser->current() === '' ? new AddressFault('empty') : $parser->unexpected();
        }
        if ($parser->current() !== '') {
            throw $parser->unexpected();
        }
    }

    /** Reads the value of a field such as To: any number of mailboxes and groups; returns how many mailboxes it has. */
    public static function count(string $text): int
    {
        $parser = self::of($text, "\t");
        $count = 0;
        $inGroup = false;
        while (true) {
            $count += $parser->readMailbox(true) ? 1 : 0;
            $current = $parser->current();
            if ($current === '') {
                return $inGroup ? throw new AddressFault("a group without ';'") : $count;
            }
            if ($current === ':' && !$inGroup) {
                $inGroup = true;
            } elseif ($current === ';' && $inGroup) {
                $inGroup = false;
                $parser->position++;
                $parser->skipBlanks();
                if (!\in_array($parser->current(), ['', ','], true)) {
                    throw $parser->unexpected();
                }
                continue;
            } elseif ($current !== ',') {
                throw $parser->unexpected();
            }
            $parser->position++;
        }
    }

    private static function of(string $text, string $allowed = ''): self
    {
        return self::hasControl($text, $allowed) ? throw new AddressFault('a control character') : new self($text);
    }

    private function current(): string
    {
        return $this->text[$this->position] ?? '';
    }

    private function unexpected(): AddressFault
    {
        $current = $this->current();
        return new AddressFault(match (true) {
            $current === ',' => 'an unquoted comma; several addresses are a list, and a name with a comma is quoted',
            $current === '' => 'ends too early',
            default => "unexpected '$current'",
        });
    }

    /** Reads a mailbox and the blanks around it; false without words before `,`, `;`, the end, or at a group. */
    private function readMailbox(bool $inList): bool
    {
        $this->skipBlanks();
        $words = $this->words();
        $current = $this->current();
        if ($current === '@') {
            $this->address($words);
            $this->skipBlanks();
            return true;
        }
        if ($current === '<') {
            $this->position++;
            $this->skipBlanks();
            $inner = $this->words();
            if ($this->current() !== '@') {
                throw $inner['count'] > 0 && $this->current() !== '>' ? $this->unexpected() : new AddressFault('no @');
            }
            $this->address($inner);
            $this->skipBlanks();
            if ($this->current() !== '>') {
                throw $this->current() === '' ? new AddressFault("a '<' without '>'") : $this->unexpected();
            }
            $this->position++;
            $this->skipBlanks();
            return true;
        }
        if ($current === ':' && $inList && $words['count'] > 0) {
            return false;
        }
        if ($current === '' || $current === ';' || ($current === ',' && $inList)) {
            return $words['count'] === 0 ? false : throw new AddressFault('no @');
        }
        throw $this->unexpected();
    }

    /** @return array{local: string, count: int, isLocal: bool, endsInBlank: bool} */
    private function words(): array
    {
        [$local, $count, $isLocal, $endsInDot, $spaced] = ['', 0, true, false, false];
        while (true) {
            if ($this->current() === '.') {
                $isLocal = $isLocal && !$spaced && $count > 0 && !$endsInDot;
                $endsInDot = true;
                $local .= '.';
                $this->position++;
            } elseif (\preg_match('/\G' . self::ATEXT . '/', $this->text, $atom, 0, $this->position) === 1) {
                $isLocal = $isLocal && !$spaced && ($count === 0 || $endsInDot);
                $endsInDot = false;
                $local .= $atom[0];
                $this->position += \strlen($atom[0]);
            } elseif ($this->current() === '"') {
                $isLocal = $isLocal && !$spaced && ($count === 0 || $endsInDot);
                $endsInDot = false;
                $local .= $this->quoted();
            } else {
                break;
            }
            $count++;
            $spaced = $this->skipBlanks();
        }
        return [
            'local' => $local, 'count' => $count, 'isLocal' => $isLocal && !$endsInDot && $count > 0,
            'endsInBlank' => $spaced,
        ];
    }

    private function quoted(): string
    {
        if (\preg_match('/\G"((?:[^"\\\\]|\\\\.)*)"/s', $this->text, $found, 0, $this->position) !== 1) {
            throw new AddressFault('a quotation mark without its pair');
        }
        $this->position += \strlen($found[0]);
        return \str_replace("\t", ' ', (string) \preg_replace('/\\\\(.)/s', '$1', $found[1]));
    }

    private function skipBlanks(): bool
    {
        $start = $this->position;
        $depth = 0;
        while (($character = $this->current()) !== '') {
            if ($depth === 0 && $character !== '(') {
                if ($character !== ' ' && $character !== "\t") {
                    break;
                }
            } elseif ($character === '(') {
                $depth++;
            } elseif ($character === ')') {
                $depth--;
            } elseif ($character === '\\' && $this->position + 1 < \strlen($this->text)) {
                $this->position++;
            }
            $this->position++;
        }
        return $depth > 0 ? throw new AddressFault("a '(' without ')'") : $this->position > $start;
    }

    /**
     * Reads the rest of an address whose local part is `words` and whose @ is the current character.
     *
     * @param array{local: string, count: int, isLocal: bool, endsInBlank: bool} $words
     */
    private function address(array $words): void
    {
        if ($words['count'] === 0) {
            throw new AddressFault('nothing before the @');
        }
        if (!$words['isLocal'] || $words['endsInBlank']) {
            throw new AddressFault('a misplaced dot or space before the @; unusual local parts must be quoted');
        }
        $this->position++;
        $pattern = $this->current() === '[' ? '/\G[^\] \t]*\]?/' : '/\G(?:' . self::ATEXT . '|\.)*/';
        \preg_match($pattern, $this->text, $found, 0, $this->position);
        $domain = $found[0] ?? '';
        $this->position += \strlen($domain);
        self::checkDomain($domain);
        $local = $words['local'];
        if (\preg_match('/[^\x00-\x7f]/', $local) === 1
            && \preg_match('/(?![\x00-\x7f])[\p{Zs}\p{Zl}\p{Zp}\p{Cf}\p{Cc}\p{Co}]/u', $local) === 1
        ) {
            throw new AddressFault('an invisible character before the @');
        }
        $written = \strlen($local);
        if (\preg_match('/^' . self::ATEXT . '(?:\.' . self::ATEXT . ')*$/D', $local) !== 1) {
            $written += 2 + \substr_count($local, '"') + \substr_count($local, '\\');
        }
        if ($written + 1 + \strlen($domain) > 480) {
            throw new AddressFault('longer than 480 octets');
        }
    }

    private static function checkDomain(string $domain): void
    {
        if ($domain === '') {
            throw new AddressFault('nothing after the @');
        }
        if (\strlen($domain) > 1020) {
            throw new AddressFault('more than 255 octets after the @');
        }
        if ($domain[0] === '[') {
            $inner = $domain[-1] === ']' ? \substr($domain, 1, -1) : '';
            $fits = \stripos($inner, 'ipv6:') === 0 ? self::isIPv6(\substr($inner, 5), true) : self::isIPv4($inner, true);
            if (!$fits) {
                throw new AddressFault('a domain literal that is neither [192.0.2.1] nor [IPv6:2001:db8::1]');
            }
            return;
        }
        $isWide = \preg_match('/[\x80-\xff]/', $domain) === 1;
        $length = 0;
        foreach (\explode('.', $domain) as $label) {
            if ($isWide && \preg_match('/^[A-Za-z0-9\x80-\xff-]*$/D', $label) !== 1) {
                throw new AddressFault(self::NAME);
            }
            // The characters that a domain may have beyond ASCII are in tables of the daemon's.
            $shown = \preg_match('/[\x80-\xff]/', $label) === 1 ? 'xn--a' : $label;
            $length += \strlen($shown) + 1;
            if ($shown === '') {
                throw new AddressFault('an empty label in the domain');
            }
            if (\strlen($shown) > 63) {
                throw new AddressFault('a label of more than 63 octets in the domain');
            }
            if (\preg_match('/^(?!-)[A-Za-z0-9_-]+(?<!-)$/D', $shown) !== 1) {
                throw new AddressFault(self::NAME);
            }
        }
        if ($length - 1 > 255) {
            throw new AddressFault('more than 255 octets after the @');
        }
    }

    /** Tells whether a text is four numbers up to 255; RFC 3986 wants them without leading zeros. */
    public static function isIPv4(string $text, bool $leadingZeros = false): bool
    {
        $parts = \explode('.', $text);
        $pattern = $leadingZeros ? '/^[0-9]{1,3}$/D' : '/^(0|[1-9][0-9]{0,2})$/D';
        foreach ($parts as $part) {
            if (\preg_match($pattern, $part) !== 1 || (int) $part > 255) {
                return false;
            }
        }
        return \count($parts) === 4;
    }

    /** Tells whether a text is eight groups, at most one `::`, perhaps an IPv4 address at the end: RFC 4291, 2.2. */
    public static function isIPv6(string $text, bool $leadingZeros = false): bool
    {
        if (\strlen($text) > 45) {
            return false;
        }
        $halves = \explode('::', $text, 2);
        if (\count($halves) === 1) {
            return self::groups($text, $leadingZeros) === 8;
        }
        [$before, $after] = [self::groups($halves[0], null), self::groups($halves[1], $leadingZeros)];
        return $before !== null && $after !== null && $before + $after <= 7;
    }

    /** Counts the groups of 16 bits; null if one is malformed. `ipv4`: null where no IPv4 address may end it. */
    private static function groups(string $text, ?bool $ipv4): ?int
    {
        if ($text === '') {
            return 0;
        }
        $parts = \explode(':', $text);
        $count = 0;
        if ($ipv4 !== null && self::isIPv4($parts[\count($parts) - 1], $ipv4)) {
            \array_pop($parts);
            $count = 2;
        }
        foreach ($parts as $part) {
            if (\preg_match('/^[0-9A-Fa-f]{1,4}$/D', $part) !== 1) {
                return null;
            }
        }
        return $count + \count($parts);
    }
}
