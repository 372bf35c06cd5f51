<?php

declare(strict_types=1);

namespace Outspool;

/**
 * The formats that are asserted.
 *
 * @internal
 */
final class Format
{
    private const WIDE = '\x80-\xff';

    public static function fits(string $name, string $text): bool
    {
        return match ($name) {
            'date' => self::isDate($text),
            'time' => self::isTime($text),
            'date-time' => self::isDateTime($text),
            'duration' => \strlen($text) > 1 && \preg_match(
                '/^P(?:\d+W|(\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)?'
                . '(T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?)$/D', $text) === 1,
            'email' => self::isMailbox($text, ''),
            'idn-email' => self::isMailbox($text, self::WIDE),
            'hostname' => self::isHostname($text, ''),
            'ipv4' => AddressParser::isIPv4($text),
            'ipv6' => AddressParser::isIPv6($text),
            'uri' => self::isURI($text),
            'uuid' => \preg_match('/^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$/D', $text) === 1,
            default => true,
        };
    }

    private static function isDate(string $text): bool
    {
        if (\preg_match('/^([0-9]{4})-([0-9]{2})-([0-9]{2})$/D', $text, $parts) !== 1) {
            return false;
        }
        [$year, $month, $day] = [(int) $parts[1], (int) $parts[2], (int) $parts[3]];
        $isLeap = $year % 4 === 0 && ($year % 100 !== 0 || $year % 400 === 0);
        return $day >= 1
            && $day <= ([31, $isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][$month - 1] ?? 0);
    }

    private static function isTime(string $text): bool
    {
        $pattern = '/^(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/D';
        if (\preg_match($pattern, $text, $parts) !== 1) {
            return false;
        }
        [$hour, $minute, $second] = [(int) $parts[1], (int) $parts[2], (int) $parts[3]];
        [$hours, $minutes] = [(int) ($parts[5] ?? 0), (int) ($parts[6] ?? 0)];
        if ($hour > 23 || $minute > 59 || $second > 60 || $hours > 23 || $minutes > 59) {
            return false;
        }
        $offset = ($hours * 60 + $minutes) * (($parts[4] ?? '') === '-' ? -1 : 1);
        return $second < 60 || ($hour * 60 + $minute - $offset + 1440) % 1440 === 1439;
    }

    public static function isDateTime(string $text): bool
    {
        return \preg_match('/^.{10}[Tt]/s', $text) === 1 && self::isDate(\substr($text, 0, 10))
            && self::isTime(\substr($text, 11));
    }

    private static function isHostname(string $text, string $more): bool
    {
        $label = "(?!-)[A-Za-z0-9$more-]{1,63}(?<!-)";
        return $text !== '' && \strlen($text) <= 253 && \preg_match("/^$label(\\.$label)*$/D", $text) === 1;
    }

    private static function isMailbox(string $text, string $more): bool
    {
        $at = \strrpos($text, '@');
        if ($at === false || $at < 1 || $at > 64 || \strlen($text) > 254) {
            return false;
        }
        [$local, $domain] = [\substr($text, 0, $at), \substr($text, $at + 1)];
        $atom = "[A-Za-z0-9!#$%&'*+\\-\\/=?^_`{|}~$more]+";
        $quoted = '"(?:[ !#-\[\]-~' . $more . ']|\\\\[ -~])*"';
        if (\preg_match('/^(?:' . ($local[0] === '"' ? $quoted : "$atom(\\.$atom)*") . ')$/D', $local) !== 1) {
            return false;
        }
        if (($domain[0] ?? '') !== '[') {
            return self::isHostname($domain, $more);
        }
        $inner = \substr($domain, 1, -1);
        return $domain[-1] === ']' && (\str_starts_with($inner, 'IPv6:')
            ? AddressParser::isIPv6(\substr($inner, 5)) : AddressParser::isIPv4($inner));
    }

    private static function isURI(string $text): bool
    {
        $unit = "%[0-9A-Fa-f]{2}|[A-Za-z0-9\\-._\\~!$&'()*+,;=";
        $pattern = "~^[A-Za-z][A-Za-z0-9+.-]*:(?://([^/?#]*))?((?:$unit:@/])*)(\\?(?:$unit:@/?])*)?(\\#(?:$unit:@/?])*)?$~D";
        if (\preg_match($pattern, $text, $parts, \PREG_UNMATCHED_AS_NULL) !== 1) {
            return false;
        }
        if ($parts[1] === null) {
            return true;
        }
        $pattern = "~^(?:(?:$unit:])*@)?(?:\\[([^\\]]*)\\]|(?:$unit])*)(?::[0-9]*)?$~D";
        if (\preg_match($pattern, $parts[1], $host, \PREG_UNMATCHED_AS_NULL) !== 1
            || ($parts[2] !== '' && $parts[2][0] !== '/')
        ) {
            return false;
        }
        $future = '/^[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&\'()*+,;=:]+$/D';
        return !isset($host[1]) || AddressParser::isIPv6($host[1]) || \preg_match($future, $host[1]) === 1;
    }
}
