import Foundation
import Scratch
import Testing

extension ProducerLanguage {
    /// A program that prints an order's row for an outbox table, the job under a chosen id and the id that is made
    /// otherwise, then submits the order.
    fileprivate var outbox: String {
        switch self {
        case .python:
            #"""
            from outspool import OrderShipped, OrderShippedItem, Spool, SubmitError
            items = [OrderShippedItem(name="Teapot", quantity=1, price="€ 38")]
            job = OrderShipped(orderId=1042, carrier="Zoë's\n", items=items)
            id, text = Spool.outbox_row(job, to="Zoë <zoe@example.com>", id="order-1042", tags=["a"])
            print(id)
            print(text)
            print(Spool.outbox_row(job, to="zoe@example.com")[0])
            try:
                Spool.outbox_row(job, to="zoe@example.com\n")
            except SubmitError as error:
                print(error.reason)
            Spool().submit(job, to="Zoë <zoe@example.com>", id="order-1042", tags=["a"])
            """#
        case .php:
            #"""
            <?php
            declare(strict_types=1);
            require __DIR__ . '/outspool.php';
            use Outspool\{OrderShipped, OrderShippedItem, Spool, SubmitError};
            $item = new OrderShippedItem(name: "Teapot", quantity: 1, price: "€ 38");
            $job = new OrderShipped(orderId: 1042, carrier: "Zoë's\n", items: [$item]);
            [$id, $text] = Spool::outboxRow($job, to: 'Zoë <zoe@example.com>', id: 'order-1042', tags: ['a']);
            echo $id, "\n", $text, "\n", Spool::outboxRow($job, to: 'zoe@example.com')[0], "\n";
            try {
                Spool::outboxRow($job, to: "zoe@example.com\n");
            } catch (SubmitError $error) {
                echo $error->reason->value, "\n";
            }
            (new Spool())->submit($job, to: 'Zoë <zoe@example.com>', id: 'order-1042', tags: ['a']);
            """#
        case .typescript:
            #"""
            import { Spool, SubmitError, orderShipped } from "./outspool.mjs";
            const items = [{ name: "Teapot", quantity: 1, price: "€ 38" }];
            const job = orderShipped({ orderId: 1042, carrier: "Zoë's\n", items });
            const submission = { to: "Zoë <zoe@example.com>", id: "order-1042", tags: ["a"] };
            const row = Spool.outboxRow(job, submission);
            console.log(row.id);
            console.log(row.job);
            console.log(Spool.outboxRow(job, { to: "zoe@example.com" }).id);
            try {
              Spool.outboxRow(job, { to: "zoe@example.com\n" });
            } catch (error) {
              if (!(error instanceof SubmitError)) throw error;
              console.log(error.reason);
            }
            await new Spool().submit(job, submission);
            """#
        }
    }
}

@Suite("Rows for an outbox table", .serialized, .ownThreads)
struct OutboxRowTests {
    @Test("A row has the bytes that a submission would have, and needs no spool", arguments: ProducerLanguage.installed)
    func row(language: ProducerLanguage) throws {
        let place = try sampleShop()
        try place.makeTypes(language.rawValue)
        try place.write("types/\(language.file)", language.outbox)
        let program = try #require(Machine.program(language.interpreter))
        let ran = try place.run(
            program, ["\(place.types)/\(language.file)"],
            environment: ["OUTSPOOL_SPOOL": place.spool.path, "PYTHONDONTWRITEBYTECODE": "1"])
        #expect(ran.status == 0, "\(ran.err)")
        try #require(ran.lines.count == 4, "\(ran.out) \(ran.err)")
        #expect(ran.lines[0] == "order-1042")
        #expect(ran.lines[2].wholeMatch(of: /\d{8}T\d{6}Z-[0-9a-v]{10}/) != nil, "\(ran.lines[2])")
        #expect(ran.lines[3] == "invalid")
        #expect(place.names("new") == ["order-1042"])
        #expect(place.text(try place.file("order-1042")) == ran.lines[1] + "\n")
    }
}
