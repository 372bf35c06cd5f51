import Foundation

/// Schemas of every kind, by the name of their template: what types are made of them has to compile.
let typeZoo: [String: String] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Clients/zoo")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return Dictionary(
        uniqueKeysWithValues: names.compactMap { name in
            let file = folder.appending(path: "\(name)/schema.json")
            return (try? String(contentsOf: file, encoding: .utf8)).map { (name, $0) }
        })
}()

/// One job's parameters as each language writes them, and what they are in JSON.
enum ZooJob {
    /// The template `everything`.
    static let schema = #"""
        {"type":"object","additionalProperties":{"type":"integer"},
         "required":["name","order-id","state","note","tree","shape","version","count"],
         "properties":{
          "name":{"type":"string"},"order-id":{"type":["integer","string"]},"state":{"enum":["new","in transit","class"]},
          "note":{"type":["string","null"]},"left out":{"type":"string"},"price":{"type":"number"},"class":{"type":"boolean"},
          "tree":{"$ref":"#/$defs/node"},"labels":{"type":"object","additionalProperties":{"type":"string"}},
          "empty":{"type":"object","additionalProperties":{"type":"string"}},"none":{"type":"array","items":{"type":"string"}},
          "shape":{"oneOf":[{"type":"object","required":["radius"],"additionalProperties":false,"properties":{"radius":{"type":"integer"}}},
            {"type":"string"}]},
          "free":{},"version":{"const":"v1"},"count":{"enum":[1,2]},
          "grid":{"type":"array","items":{"type":"array","items":{"type":["integer","null"]}}}},
         "$defs":{"node":{"type":"object","required":["value"],"additionalProperties":false,"properties":{
          "value":{"type":"string"},"next":{"$ref":"#/$defs/node"},"children":{"type":"array","items":{"$ref":"#/$defs/node"}}}}}}
        """#

    static let params = #"""
        {"name":"Zoë \"*/ ${x} \\(y)","order-id":"A-7","state":"in transit","note":null,"price":9.75,"class":true,
         "tree":{"value":"a","next":{"value":"b","next":{"value":"c"}},"children":[{"value":"d","children":[]}]},
         "labels":{"1":"one","größe":"XL"},"empty":{},"none":[],"shape":{"radius":3},
         "free":{"list":[1,"two",null,false,{"deep":[]}]},"version":"v1","count":2,"grid":[[1,null],[]],"extra":5}
        """#

    static let swift = #"""
        import Outspool
        var job = Job(Everything(
            name: "Zoë \"*/ ${x} \\(y)", orderId: "A-7", state: .inTransit, note: nil, price: 9.75, class: true,
            tree: .init(value: "a", next: .init(value: "b", next: .init(value: "c")),
                children: [.init(value: "d", children: [])]),
            labels: ["1": "one", "größe": "XL"], empty: [:], none: [], shape: .shapeOption1(.init(radius: 3)),
            free: ["list": [1, "two", nil, false, ["deep": []]]], count: 2, grid: [[1, nil], []],
            additional: ["extra": 5]), to: "zoe@example.com")
        job.id = "swift"
        try Spool().submit(job)
        """#

    static let python = #"""
        from outspool import *
        Spool().submit(Everything(
            name="Zoë \"*/ ${x} \\(y)", order_id="A-7", state="in transit", note=None, price=9.75, class_=True,
            tree=EverythingNode(value="a", next=EverythingNode(value="b", next=EverythingNode(value="c")),
                children=[EverythingNode(value="d", children=[])]),
            labels={"1": "one", "größe": "XL"}, empty={}, none=[], shape=EverythingShapeOption1(radius=3),
            free={"list": [1, "two", None, False, {"deep": []}]}, count=2, grid=[[1, None], []],
            additional={"extra": 5}), to="zoe@example.com", id="python")
        """#

    static let php = #"""
        <?php
        declare(strict_types=1);
        require __DIR__ . '/outspool.php';
        use Outspool\{Everything, EverythingNode, EverythingShapeOption1, EverythingState, Spool};
        (new Spool())->submit(new Everything(
            name: 'Zoë "*/ ${x} \\(y)', orderId: 'A-7', state: EverythingState::InTransit, note: null, price: 9.75, class: true,
            tree: new EverythingNode('a', next: new EverythingNode('b', next: new EverythingNode('c')),
                children: [new EverythingNode('d', children: [])]),
            labels: ['1' => 'one', 'größe' => 'XL'], empty: [], none: [], shape: new EverythingShapeOption1(3),
            free: ['list' => [1, 'two', null, false, ['deep' => []]]], count: 2, grid: [[1, null], []],
            additional: ['extra' => 5]), to: 'zoe@example.com', id: 'php');
        """#

    /// In TypeScript and, since it names no types, in JavaScript.
    static let typescript = #"""
        import { Spool, everything } from "./outspool.mjs";
        await new Spool().submit(everything({
          name: "Zoë \"*/ ${x} \\(y)", "order-id": "A-7", state: "in transit", note: null, price: 9.75, class: true,
          tree: { value: "a", next: { value: "b", next: { value: "c" } }, children: [{ value: "d", children: [] }] },
          labels: { 1: "one", größe: "XL" }, empty: {}, none: [], shape: { radius: 3 },
          free: { list: [1, "two", null, false, { deep: [] }] }, version: "v1", count: 2, grid: [[1, null], []], extra: 5,
        }), { to: "zoe@example.com", id: "typescript" });
        """#
}
