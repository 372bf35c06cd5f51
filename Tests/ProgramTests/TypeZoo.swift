/// Schemas of every kind, by the name of their template: what types are made of them has to compile.
let typeZoo: [String: String] = [
    "nested": #"""
    {"type":"object","required":["order"],"properties":{
      "order":{"type":"object","properties":{
        "lines":{"type":"array","items":{"type":"object","required":["sku"],"properties":{
          "sku":{"type":"string"},"sizes":{"type":"array","items":{"type":"array","items":{"type":"number"}}}}}},
        "address":{"type":"object","properties":{"street":{"type":"string"}}}}},
      "prices":{"type":"object","additionalProperties":{"type":"object","properties":{"net":{"type":"number"}}}}}}
    """#,
    "recursive": #"""
    {"type":"object","required":["root"],"properties":{
      "root":{"$ref":"#/$defs/node"},"a":{"$ref":"#/$defs/a"},"again":{"$ref":"#"},
      "tree":{"$ref":"#/$defs/tree"},"map":{"$ref":"#/$defs/map"},"value":{"$ref":"#/$defs/value"},
      "maybe":{"$ref":"#/$defs/maybe"}},
     "$defs":{
      "node":{"type":"object","required":["name","back"],"properties":{"name":{"type":"string"},
        "next":{"$ref":"#/$defs/node"},"back":{"anyOf":[{"$ref":"#/$defs/node"},{"type":"null"}]},
        "children":{"type":"array","items":{"$ref":"#/$defs/node"}}}},
      "a":{"type":"object","properties":{"b":{"$ref":"#/$defs/b"}}},
      "b":{"type":"object","properties":{"a":{"$ref":"#/$defs/a"},"c":{"$ref":"#/$defs/b/properties/a"}}},
      "tree":{"type":"array","items":{"$ref":"#/$defs/tree"}},
      "map":{"type":"object","additionalProperties":{"$ref":"#/$defs/map"}},
      "value":{"anyOf":[{"type":"string"},{"type":"array","items":{"$ref":"#/$defs/value"}},
        {"type":"object","additionalProperties":{"$ref":"#/$defs/value"}}]},
      "maybe":{"type":["array","null"],"items":{"$ref":"#/$defs/maybe"}}}}
    """#,
    "unions": #"""
    {"type":"object","required":["id","nullable","shape"],"properties":{
      "id":{"type":["integer","string"]},"amount":{"type":["number","string","null"]},
      "nullable":{"type":["string","null"]},"optionalNullable":{"anyOf":[{"type":"null"},{"type":"integer"}]},
      "flag":{"type":["boolean","object"],"properties":{"x":{"type":"integer"}}},
      "mixed":{"type":["array","object","string"]},"nothing":{"type":"null"},
      "shape":{"oneOf":[
        {"type":"object","required":["kind","radius"],"properties":{"kind":{"const":"circle"},"radius":{"type":"number"}}},
        {"type":"object","required":["kind","side"],"properties":{"kind":{"const":"square"},"side":{"type":"number"}}},
        {"enum":["none","unknown"]},{"type":"array","items":{"type":["integer","null"]}}]},
      "inner":{"anyOf":[{"type":["string","integer"]},{"type":"boolean"},{"type":["null","string"]}]},
      "bounded":{"type":"string","anyOf":[{"minLength":3},{"const":""}]}}}
    """#,
    "enums": #"""
    {"type":"object","required":["odd","version"],"properties":{
      "odd":{"enum":["","1","+1","-1","class","none","self","a b","ab","日本","DHL","dhl","\"","\\(x)","$a","?>","*/",
        "a\nb","default","rawValue","allCases","\u202E"]},
      "numbers":{"enum":[1,2,-3]},"flags":{"enum":[true]},"maybe":{"enum":["a",null]},
      "mixed":{"enum":[1,"a",null,[1]]},"version":{"const":"v1"},"level":{"const":4},"gone":{"const":null},
      "fraction":{"enum":[1.5,2]},"list":{"type":"array","items":{"enum":["x","y"]}}}}
    """#,
    "keywords": #"""
    {"type":"object","required":["class","int","init","constructor"],"properties":{
      "class":{"type":"string"},"self":{"type":"string"},"Self":{"type":"string"},"Type":{"type":"object","properties":{"Type":{}}},
      "init":{"type":"string"},"func":{},"inout":{},"var":{},"let":{},"Protocol":{},"Any":{},"protocol":{},
      "def":{},"None":{},"True":{},"lambda":{},"this":{},"template":{"type":"string"},"params":{},"encode":{},
      "encoder":{},"container":{},"hashValue":{},"hash":{},"_members":{},"_json":{},"_template":{},"int":{"type":"integer"},
      "str":{"type":"string"},"list":{"type":"array","items":{"type":"string"}},"dict":{},"field":{},"object":{},
      "additional":{"type":"string"},"constructor":{"type":"string"},"__proto__":{"type":"string"},"prototype":{},
      "toString":{},"async":{},"String":{"type":"string"},"Int":{"type":"integer"},"Optional":{},"Params":{},
      "parent":{"type":"object","properties":{"parent":{}}},"members":{},"value":{},"stored_value":{},"Array":{},
      "name":{"type":"string"},"JSONValue":{},"string":{"enum":["a"]}},
     "additionalProperties":{"type":"integer"}}
    """#,
    "unicode": #"""
    {"type":"object","required":["größe","a b",""],"properties":{
      "größe":{"type":"number"},"日本":{"type":"string"},"a b":{"type":"string"},"a-b":{"type":"object","properties":{"c d":{}}},
      "a.b":{},"1a":{},"":{"type":"string"},"e\u0301":{},"🎉":{},"a$b":{},"\"":{},"a\nb":{},"*/":{},"?>":{},"\\(x)":{},
      "${x}":{},"#{x}":{},"`":{},"ﬁ":{},"fi":{},"\u202Ex":{},"a/b~c":{"type":"object","properties":{"d":{}}},"12":{}}}
    """#,
    "hostile": #"""
    {"type":"object","title":"*/ } ?> \"\"\" ''' \\","description":"line 1\nline 2 */ evil();\r/* \u2028 evil()\u0085evil(){@link} \\u002A/ **/ *\u202E/",
     "required":["a"],"properties":{
      "a":{"type":"string","description":"*/ evil() /*","default":"*/ \"\"\" ?> \\(evil) ${evil}\n evil"},
      "b":{"enum":["*/","\"); evil(\"","${evil()}","\\(evil())","'); evil('","\"\"\"","?><?php evil();","{$evil}","\u0000"]},
      "c":{"type":"object","title":"?>\nevil","properties":{"*/":{"const":"*/"}}},
      "d":{"type":"string","pattern":"^[*]/.*\"$","$comment":"*/"}}}
    """#,
    "additional": #"""
    {"type":"object","required":["id"],"properties":{"id":{"type":"string"},"count":{"type":"integer"}},
     "additionalProperties":{"type":["number","null"]}}
    """#,
    "all-of": #"""
    {"$defs":{"base":{"type":"object","required":["id"],"properties":{"id":{"type":"integer"}}}},
     "type":"object","allOf":[{"$ref":"#/$defs/base"},{"properties":{"name":{"type":"string"}},"required":["name"]}],
     "properties":{"child":{"allOf":[{"$ref":"#/$defs/base"}]},"more":{"allOf":[{"$ref":"#/$defs/base"},
       {"properties":{"extra":{"type":"boolean"},"id":{"minimum":3}}}]},"never":false,"free":true}}
    """#,
    "ref-root":
        ##"{"$ref":"#/$defs/it","$defs":{"it":{"type":"object","properties":{"it":{"$ref":"#/$defs/it"},"all":{"$ref":"#"}}}}}"##,
    "map-root": #"{"type":"object","additionalProperties":{"type":"integer"}}"#,
    "union-root": #"""
    {"oneOf":[{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}},
              {"type":"object","required":["b"],"properties":{"b":{"type":"integer"}}}]}
    """#,
    "only-required": #"{"type":"object","required":["a","b c"]}"#,
    "closed": #"{"type":"object","additionalProperties":false}"#,
    "open": "true", "anything": "{}",
    // Names of templates that mean something elsewhere.
    "string": #"{"type":"object","properties":{"string":{"type":"object","properties":{"string":{"type":"string"}}}}}"#,
    "list": #"{"type":"object","properties":{"job":{"type":"object","properties":{"a":{"type":"string"}}}}}"#,
    "job": #"{"type":"object","properties":{"spool":{"type":"string"}}}"#,
    "spool": "{}", "class": "{}", "type": "{}", "outspool": "{}", "2fa": "{}", "error": "{}", "array": "{}",
    "int": "{}",
    "job-value": "{}", "self": "{}", "fs": "{}", "encodable": "{}", "submit-error": "{}", "a+b@c=d": "{}", "None": "{}",
    // Its inner object would be called like the next template.
    "order": #"{"type":"object","properties":{"shipped":{"type":"object","properties":{"at":{"type":"string"}}}}}"#,
    "order-shipped": #"{"type":"object","properties":{"at":{"type":"string"}}}"#,
]

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
