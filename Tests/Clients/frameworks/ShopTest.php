<?php

declare(strict_types=1);

require_once __DIR__ . '/outspool.php';
require_once __DIR__ . '/OutspoolTesting.php';

use Outspool\{Booking, BookingGuest, OutspoolTesting, Spool, Submission, SubmitError, Submitter};
use PHPUnit\Framework\TestCase;

/** What a test of an application looks like with the trait; the second test sees nothing of the first. */
final class ShopTest extends TestCase
{
    use OutspoolTesting;

    private function book(int $nights): string
    {
        $guest = new BookingGuest(name: 'Zoë', email: 'zoe@example.com');
        $booking = new Booking(reference: 'AB-1234', guest: $guest, nights: $nights);
        return (new Spool())->submit($booking, to: 'zoe@example.com', id: 'b');
    }

    public function testBooks(): void
    {
        self::assertSame('b', $this->book(2));
        self::assertCount(1, $this->queued());
        self::assertSame(2, $this->queued()[0]->job->params->nights);
        $this->expectExceptionMessage('b is already queued');
        $this->book(2);
    }

    public function testChecks(): void
    {
        try {
            $this->book(31);
            self::fail('31 nights');
        } catch (SubmitError $error) {
            self::assertSame('/params/nights', $error->pointer);
        }
        self::assertSame([], $this->queued());
    }

    public function testMocks(): void
    {
        $spool = $this->createMock(Submitter::class);
        $spool->expects(self::once())->method('submitAs')->willReturn('x');
        self::assertSame('x', $spool->submitAs(new Submission(new Outspool\Mail('s', 't'), to: 'a@b.example')));
    }
}
