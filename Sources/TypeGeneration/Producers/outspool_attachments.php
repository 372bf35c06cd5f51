<?php

declare(strict_types=1);

namespace Outspool;

/**
 * The form of a job's attachments, and of what the HTML shows of them.
 *
 * @internal
 */
final class AttachmentForm
{
    private const TOKEN = "[!#$%&'*+\\-.0-9A-Z^_`a-z{|}~]+";
    private const LIMIT = 64 << 20;

    /** Decodes base64, perhaps with line ends or without its padding; null for other text. */
    public static function decoded(string $text): ?string
    {
        $plain = \str_replace(["\r", "\n"], '', $text);
        $digits = \rtrim($plain, '=');
        $missing = (4 - \strlen($digits) % 4) % 4;
        $padding = \strlen($plain) - \strlen($digits);
        if ($missing === 3 || \preg_match('~^[A-Za-z0-9+/]*$~D', $digits) !== 1 || !\in_array($padding, [0, $missing], true)) {
            return null;
        }
        return \base64_decode($digits) ?: '';
    }

    public static function check(array $attachments, ?string $html): void
    {
        $read = [];
        $total = 0;
        foreach ($attachments as $index => $value) {
            $pointer = "/attachments/$index";
            if (!\is_object($value)) {
                throw new FormFault($pointer, 'is not an object');
            }
            $fields = new Fields($value, $pointer);
            $fields->allow('filename', 'contentType', 'cid', 'content', 'file');
            $file = $fields->text('file');
            $fields->text('filename');
            $fields->text('contentType');
            $content = $fields->text('content');
            if (($content === null) === ($file === null)) {
                throw new FormFault($pointer, 'either content or file');
            }
            if ($file !== null && ($file === '' || $file[0] === '.' || \strpbrk($file, "/\0") !== false)) {
                throw new FormFault("$pointer/file", 'is not a plain file name');
            }
            $decoded = self::decoded($content ?? '') ?? throw new FormFault("$pointer/content", 'is not base64');
            $fields->text('cid');
            $total += \strlen($decoded);
            $read[] = [$fields, $decoded];
        }
        if ($total > self::LIMIT) {
            throw new FormFault('/attachments', 'more than ' . self::LIMIT . ' bytes');
        }
        self::checkContentIDs($read, $html ?? '');
        foreach ($read as [$fields, $decoded]) {
            self::checkOne($fields, $decoded);
        }
    }

    /** @param list<array{Fields, string}> $read */
    private static function checkContentIDs(array $read, string $html): void
    {
        $cids = [];
        foreach ($read as [$fields]) {
            $cid = $fields->text('cid');
            if ($cid !== null && isset($cids["=$cid"])) {
                throw new FormFault("$fields->below/cid", 'is the cid of another attachment');
            }
            $cids["=$cid"] = true;
        }
        $seen = \preg_replace(
            '~<!--.*?(?:-->|$)|<(script|style|title|textarea|template|noscript)\b.*?(?:</\1|$)~si', '', $html) ?? '';
        $name = '([^"\'()<>,;&#?\s]+)';
        $pattern = '~<[a-z][a-z0-9]*(?:\s+[a-z-]+(?:\s*=\s*(?:"[^"]*"|\'[^\']*\'|[^\s"\'<>=`]+))?)*'
            . '\s+(?:src|srcset|background|poster|href|data)\s*=\s*'
            . "(?:\"cid:{$name}[^\"]*\"|'cid:{$name}[^']*'|cid:$name)~i";
        \preg_match_all($pattern, $seen, $matches, \PREG_SET_ORDER);
        foreach ($matches as $match) {
            $name = \end($match);
            if (!\str_contains($name, '%') && !isset($cids["=$name"])) {
                throw new FormFault('/attachments', "none has the cid $name that the HTML shows");
            }
        }
    }

    private static function checkOne(Fields $fields, string $content): void
    {
        [$filename, $cid] = [$fields->text('filename'), $fields->text('cid')];
        if ($filename !== null && (AddressParser::hasControl($filename) || \strlen($filename) > 1024)) {
            throw new FormFault($fields->below, 'a control character in the file name, or more than 1024 octets');
        }
        if ($cid !== null && \preg_match('/^[!-;=?-~]{1,250}$/D', $cid) !== 1) {
            throw new FormFault($fields->below, 'a cid is up to 250 printable ASCII characters without spaces and angles');
        }
        $kind = $fields->text('contentType');
        if ($kind === null) {
            return;
        }
        $token = self::TOKEN;
        $parameter = "; *(?:($token)=(?:$token|\"(?:[^\"\\\\]|\\\\.)*\") *|$)";
        $names = [];
        $isRight = \preg_match('/^[ -~]{0,500}$/D', $kind) === 1
            && \preg_match("/^ *($token)\\/($token) *((?:$parameter)*)$/D", $kind, $parts) === 1;
        if ($isRight) {
            \preg_match_all("/$parameter/", $parts[3], $matches);
            $names = \array_map(\strtolower(...), $matches[1]);
        }
        if (!$isRight || \count(\array_unique($names)) < \count($names)) {
            throw new FormFault($fields->below, 'not a content type');
        }
        $media = \strtolower("$parts[1]/$parts[2]");
        if (\str_starts_with($media, 'multipart/') || \in_array($media, ['message/partial', 'message/external-body'], true)) {
            throw new FormFault($fields->below, "$media cannot be attached");
        }
        if ($media === 'message/rfc822'
            && (\str_contains($content, "\0") || \preg_match('/[^\r\n]{999}/', $content) === 1)
        ) {
            throw new FormFault($fields->below, 'an attached message with a NUL or a line of more than 998 octets');
        }
    }
}
