<?php

declare(strict_types=1);

namespace Outspool;

/**
 * A trait for test cases of PHPUnit: no test touches a real spool, and queued() tells what it has queued.
 *
 * It needs the producer, outspool types --lang php, to be loaded.
 */
trait OutspoolTesting
{
    private string|false $outspoolBefore = false;

    /** @before */
    #[\PHPUnit\Framework\Attributes\Before]
    public function useSpoolInMemory(): void
    {
        $this->outspoolBefore = \getenv('OUTSPOOL_SPOOL');
        \putenv('OUTSPOOL_SPOOL=memory:');
        Spool::clear();
    }

    /** @after */
    #[\PHPUnit\Framework\Attributes\After]
    public function leaveSpoolInMemory(): void
    {
        Spool::clear();
        \putenv($this->outspoolBefore === false ? 'OUTSPOOL_SPOOL' : "OUTSPOOL_SPOOL=$this->outspoolBefore");
    }

    /** @return list<Queued> */
    protected function queued(): array
    {
        return (new Spool('memory:'))->queued();
    }
}
