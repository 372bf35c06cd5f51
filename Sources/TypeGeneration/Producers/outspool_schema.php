<?php

declare(strict_types=1);

namespace Outspool;

/**
 * JSON Schema 2020-12, as far as the parameters of a template have it: what the daemon would refuse, found by its producer.
 *
 * Values and schemas are as json_decode() gives them: objects are stdClass.
 *
 * @internal
 */
final class Schema
{
    private const KINDS = ['integer' => 'an integer', 'array' => 'an array', 'object' => 'an object', 'null' => 'null'];
    /** A schema that refers to itself under a value this deep is not judged further. */
    private const DEEPEST = 400;
    private const SPACES = '\x09-\x0d \xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}';
    private const WORD = '[A-Za-z0-9_]';
    /** What PCRE takes otherwise: with its u flag \d and the like are of all of Unicode. */
    private const ESCAPES = [
        '\d' => '[0-9]', '\D' => '[^0-9]', '\w' => self::WORD, '\W' => '[^A-Za-z0-9_]',
        '\s' => '[' . self::SPACES . ']', '\S' => '[^' . self::SPACES . ']', '$' => '\z',
        '.' => '[^\n\r\x{2028}\x{2029}]',
        '\b' => '(?:(?<=' . self::WORD . ')(?!' . self::WORD . ')|(?<!' . self::WORD . ')(?=' . self::WORD . '))',
        '\B' => '(?:(?<=' . self::WORD . ')(?=' . self::WORD . ')|(?<!' . self::WORD . ')(?!' . self::WORD . '))',
    ];

    private readonly mixed $root;

    public function __construct(string $text)
    {
        $this->root = \json_decode($text, false, 1024, \JSON_THROW_ON_ERROR);
    }

    /** Writes a name as a token of a JSON pointer: RFC 6901. */
    public static function token(string|int $name): string
    {
        return \str_replace(['~', '/'], ['~0', '~1'], (string) $name);
    }

    /**
     * Gives the JSON pointer of the first place where the value does not fit, and what is expected; or null.
     *
     * @return ?array{string, string}
     */
    public function violation(mixed $value): ?array
    {
        $found = $this->check($value, $this->root, [], 0);
        if ($found === null) {
            return null;
        }
        $pointer = \implode('', \array_map(fn($step) => '/' . self::token($step), $found[0]));
        return [$pointer, "expected $found[1]"];
    }

    /**
     * @param list<string|int> $steps
     * @return ?array{list<string|int>, string}
     */
    private function check(mixed $value, mixed $schema, array $steps, int $depth): ?array
    {
        if ($schema === true || $depth > self::DEEPEST) {
            return null;
        }
        if ($schema === false) {
            return [$steps, 'nothing'];
        }
        $depth++;
        if (isset($schema->type)) {
            $kinds = (array) $schema->type;
            if (!\array_filter($kinds, fn($kind) => self::is($kind, $value))) {
                return [$steps, \implode(' or ', \array_map(fn($kind) => self::KINDS[$kind] ?? "a $kind", $kinds))];
            }
        }
        $lists = isset($schema->enum) ? [$schema->enum] : [];
        if (\property_exists($schema, 'const')) {
            $lists[] = [$schema->const];
        }
        foreach ($lists as $values) {
            if (!\array_filter($values, fn($one) => self::key($one) === self::key($value))) {
                $flags = \JSON_UNESCAPED_UNICODE | \JSON_UNESCAPED_SLASHES;
                $shown = \implode(', ', \array_map(fn($one) => \json_encode($one, $flags), \array_slice($values, 0, 10)));
                return [$steps, (\count($values) === 1 ? '' : 'one of ') . $shown];
            }
        }
        $found = match (true) {
            \is_string($value) => self::checkText($value, $schema, $steps),
            \is_array($value) => $this->checkList($value, $schema, $steps, $depth),
            \is_int($value), \is_float($value) => self::checkNumber($value, $schema, $steps),
            \is_object($value) => $this->checkObject($value, $schema, $steps, $depth),
            default => null,
        };
        if ($found === null && isset($schema->{'$ref'})) {
            $found = $this->check($value, $this->target($schema->{'$ref'}), $steps, $depth);
        }
        foreach ($schema->allOf ?? [] as $part) {
            $found ??= $this->check($value, $part, $steps, $depth);
        }
        foreach (['anyOf', 'oneOf'] as $keyword) {
            if ($found === null && isset($schema->$keyword)) {
                $found = $this->checkChoice($value, $schema->$keyword, $keyword === 'oneOf', $steps, $depth);
            }
        }
        return $found;
    }

    private function checkChoice(mixed $value, array $schemas, bool $onlyOne, array $steps, int $depth): ?array
    {
        $misses = [];
        foreach ($schemas as $schema) {
            $misses[] = $this->check($value, $schema, $steps, $depth);
        }
        $wanted = \array_values(\array_filter($misses));
        $hits = \count($misses) - \count($wanted);
        if ($hits === 1 || ($hits > 1 && !$onlyOne)) {
            return null;
        }
        if ($hits > 1) {
            return [$steps, 'a value that fits only one of ' . \count($schemas) . ' alternatives'];
        }
        // The alternative that came furthest into the value, or what all of them want.
        $deepest = $wanted[0];
        foreach ($wanted as $miss) {
            $deepest = \count($miss[0]) > \count($deepest[0]) ? $miss : $deepest;
        }
        if (\count($deepest[0]) > \count($steps)) {
            return $deepest;
        }
        return [$steps, \implode(', or ', \array_slice(\array_unique(\array_column($wanted, 1)), 0, 4))];
    }

    private function target(string $reference): mixed
    {
        $schema = $this->root;
        foreach (\array_slice(\explode('/', \rawurldecode(\substr($reference, 1))), 1) as $name) {
            $name = \str_replace(['~1', '~0'], ['/', '~'], $name);
            $schema = \is_array($schema) ? $schema[(int) $name] : $schema->$name;
        }
        return $schema;
    }

    private static function checkText(string $value, object $schema, array $steps): ?array
    {
        // Characters, and not bytes: what continues one in UTF-8 does not count.
        $count = \strlen((string) \preg_replace('/[\x80-\xbf]/', '', $value));
        $wanted = self::bounds($schema, 'Length', $count, 'character', 'characters');
        if ($wanted !== null) {
            return [$steps, "a string of $wanted"];
        }
        if (isset($schema->format) && !Format::fits($schema->format, $value)) {
            return [$steps, "a string of the format $schema->format"];
        }
        if (isset($schema->pattern)) {
            $pattern = self::pattern($schema->pattern);
            // False is that PCRE gave up: the daemon will judge.
            if ($pattern !== null && @\preg_match($pattern, $value) === 0) {
                return [$steps, "a string that matches $schema->pattern"];
            }
        }
        return null;
    }

    private function checkList(array $value, object $schema, array $steps, int $depth): ?array
    {
        $wanted = self::bounds($schema, 'Items', \count($value), 'element', 'elements');
        if ($wanted !== null) {
            return [$steps, $wanted];
        }
        if (($schema->uniqueItems ?? false) && \count(\array_unique(\array_map(self::key(...), $value))) < \count($value)) {
            return [$steps, 'elements that all differ'];
        }
        if (\property_exists($schema, 'items')) {
            foreach ($value as $index => $element) {
                $found = $this->check($element, $schema->items, [...$steps, $index], $depth);
                if ($found !== null) {
                    return $found;
                }
            }
        }
        return null;
    }

    private function checkObject(object $value, object $schema, array $steps, int $depth): ?array
    {
        $members = \get_object_vars($value);
        $wanted = self::bounds($schema, 'Properties', \count($members), 'property', 'properties');
        if ($wanted !== null) {
            return [$steps, $wanted];
        }
        foreach ($schema->required ?? [] as $name) {
            if (!\array_key_exists($name, $members)) {
                return [$steps, "a property '$name'"];
            }
        }
        $properties = \get_object_vars($schema->properties ?? new \stdClass());
        $rest = \property_exists($schema, 'additionalProperties') ? $schema->additionalProperties : true;
        foreach ($members as $name => $member) {
            $isKnown = \array_key_exists($name, $properties);
            if (!$isKnown && $rest === false) {
                return [[...$steps, $name], 'no property of this name'];
            }
            $found = $this->check($member, $isKnown ? $properties[$name] : $rest, [...$steps, $name], $depth);
            if ($found !== null) {
                return $found;
            }
        }
        return null;
    }

    private static function is(string $kind, mixed $value): bool
    {
        return match ($kind) {
            'null' => $value === null,
            'boolean' => \is_bool($value),
            'integer' => \is_int($value) || (\is_float($value) && \floor($value) === $value),
            'number' => \is_int($value) || \is_float($value),
            'string' => \is_string($value),
            'array' => \is_array($value),
            default => \is_object($value),
        };
    }

    /** Makes a text of a value that is equal for equal values: 1 and 1.0, members in any order. */
    public static function key(mixed $value): string
    {
        if (\is_array($value)) {
            return '[' . \implode(',', \array_map(self::key(...), $value)) . ']';
        }
        if (\is_object($value)) {
            $members = \get_object_vars($value);
            \ksort($members, \SORT_STRING);
            $written = [];
            foreach ($members as $name => $member) {
                $written[] = \json_encode((string) $name) . ':' . self::key($member);
            }
            return '{' . \implode(',', $written) . '}';
        }
        if (\is_float($value)) {
            $isWhole = \floor($value) === $value && \abs($value) < 9e18;
            return $isWhole ? (string) (int) $value : \var_export($value, true);
        }
        return (string) \json_encode($value);
    }

    private static function bounds(object $schema, string $what, int $count, string $one, string $many): ?string
    {
        [$least, $most] = [$schema->{"min$what"} ?? null, $schema->{"max$what"} ?? null];
        if ($least !== null && $count < $least) {
            return "at least $least " . ($least == 1 ? $one : $many);
        }
        return $most !== null && $count > $most ? "at most $most " . ($most == 1 ? $one : $many) : null;
    }

    private static function checkNumber(int|float $value, object $schema, array $steps): ?array
    {
        $wanted = match (true) {
            isset($schema->minimum) && $value < $schema->minimum => "a number of at least $schema->minimum",
            isset($schema->exclusiveMinimum) && $value <= $schema->exclusiveMinimum =>
                "a number above $schema->exclusiveMinimum",
            isset($schema->maximum) && $value > $schema->maximum => "a number of at most $schema->maximum",
            isset($schema->exclusiveMaximum) && $value >= $schema->exclusiveMaximum =>
                "a number below $schema->exclusiveMaximum",
            isset($schema->multipleOf) && !self::isMultiple($value, $schema->multipleOf) =>
                "a multiple of $schema->multipleOf",
            default => null,
        };
        return $wanted === null ? null : [$steps, $wanted];
    }

    /** Divides as the decimal numbers that are written, a digit at a time. */
    private static function isMultiple(int|float $value, int|float $divisor): bool
    {
        [$digits, $exponent] = self::decimal($value);
        [$by, $other] = self::decimal($divisor);
        if (\trim($digits, '0') === '') {
            return true;
        }
        $shift = $exponent - $other;
        if ($shift < 0 || \strlen($by) > 17) {
            $by .= \str_repeat('0', \min(-\min($shift, 0), 40));
        }
        if (\strlen($by) > 17) {
            return \strlen($digits) < \strlen($by) ? false : \fmod((float) $value, (float) $divisor) === 0.0;
        }
        [$number, $rest] = [(int) $by, 0];
        for ($index = 0; $index < \strlen($digits) + \max($shift, 0); $index++) {
            $rest = ($rest * 10 + (int) ($digits[$index] ?? '0')) % $number;
        }
        return $rest === 0;
    }

    /** @return array{string, int} The digits without leading and trailing zeros, and the power of ten behind them. */
    private static function decimal(int|float $value): array
    {
        [$mantissa, $exponent] = \explode('e', \strtolower((string) \json_encode(\abs($value)))) + [1 => '0'];
        [$whole, $fraction] = \explode('.', $mantissa) + [1 => ''];
        $digits = \ltrim($whole . $fraction, '0');
        $short = \rtrim($digits, '0');
        return [$short, (int) $exponent - \strlen($fraction) + \strlen($digits) - \strlen($short)];
    }

    /** Turns an expression of ECMA-262 into one of PCRE; null for what PCRE cannot say, which the daemon judges. */
    private static function pattern(string $source): ?string
    {
        $written = (string) \preg_replace_callback(
            '/\\\\u\{([0-9A-Fa-f]+)\}|\\\\u([0-9A-Fa-f]{4})|\\\\.|\$|\.|\[(?:[^\]\\\\]|\\\\.)*\]/su',
            function (array $found): string {
                $text = $found[0];
                return match (true) {
                    ($found[2] ?? '') !== '' => "\\x{{$found[2]}}",
                    ($found[1] ?? '') !== '' => "\\x{{$found[1]}}",
                    isset(self::ESCAPES[$text]) => self::ESCAPES[$text],
                    $text[0] === '[' => (string) \preg_replace(
                        ['/\\\\u\{([0-9A-Fa-f]+)\}/', '/\\\\u([0-9A-Fa-f]{4})/', '/\\\\s/', '/\\\\d/', '/\\\\w/', '/(?<!^)\[/'],
                        ['\x{$1}', '\x{$1}', self::SPACES, '0-9', 'A-Za-z0-9_', '\['], $text),
                    default => $text,
                };
            },
            $source);
        $pattern = '~' . \str_replace('~', '\~', $written) . '~u';
        if (\preg_match('/\[[^\]]*\\\\[DW]/', $source) === 1) {
            return null;
        }
        return @\preg_match($pattern, '') === false ? null : $pattern;
    }
}
