import { validatePolicy } from '../../local/world/gateway/index.js';
import { createBench, KAITO_API_POLICY, OPENAI_API_POLICY, PRODUCT_POLICY } from './gateway.fixtures.js';

const policies = (sections: string) => `<policies>\n  ${sections}\n</policies>`;
const inbound = (xml: string) => policies(`<inbound>${xml}</inbound>`);
const condition = (code: string) => inbound(`<choose><when condition="@(${code})" /></choose>`);
const limit = (attributes: string) =>
  inbound(`<llm-token-limit counter-key="k" estimate-prompt-tokens="true" ${attributes} />`);

const escaped = (xml: string) =>
  xml.replace(/@(\(.*\)|\{[^@]*\})(?="|<\/)/g, (code) =>
    code.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;'),
  );

describe('validatePolicy', () => {
  it.each([
    ['product', PRODUCT_POLICY],
    ['openai-api', OPENAI_API_POLICY],
    ['kaito-api', KAITO_API_POLICY],
  ])('accepts the policy of %s, raw and escaped', (_name, xml) => {
    expect(validatePolicy(xml, 'rawxml')).toBeUndefined();
    expect(escaped(xml)).not.toBe(xml);
    expect(validatePolicy(escaped(xml), 'xml')).toBeUndefined();
    expect(validatePolicy(xml, 'xml')?.message).toMatch(/^Error in element/);
  });

  it('names element, line and column as API Management counts them', () => {
    const xml = '<policies>\n  <inbound>\n    <base />\n     <rate-limit calls="1" />\n  </inbound>\n</policies>';
    expect(validatePolicy(xml, 'rawxml')).toEqual({
      message: "Error in element 'rate-limit' on line 4, column 7: this policy is not supported by the local gateway.",
    });
  });

  it('finds the end of an expression behind brackets in strings and comments', () => {
    const xml = condition(`context.Api.Id == ")\\")" && /* ) */ context.Api.Path == @"(""" + "'"`);
    expect(validatePolicy(xml, 'rawxml')).toBeUndefined();
  });

  it.each<[string, string, string]>([
    ['no XML', 'hello', "'policies' on line 1, column 1: the policy is not an XML document."],
    ['another root', '<fragment />', "'fragment' on line 1, column 2: the root element"],
    ['an unknown section', policies('<middle />'), "'middle' on line 2, column 4: it is no section"],
    [
      'a section twice',
      policies('<inbound /><inbound />'),
      "'inbound' on line 2, column 15: the section is given twice.",
    ],
    [
      'an open element',
      '<policies><inbound></policies>',
      "'inbound' on line 1, column 12: it is closed by '</policies'.",
    ],
    ['an open document', '<policies>', "'policies' on line 1, column 2: the element is not closed."],
    ['text after the root', '<policies />x', "'policies' on line 1, column 1: there is text after"],
    ['an open comment', '<policies><!-- x', '"-->" is missing.'],
    [
      'a bare ampersand',
      inbound('<set-body>a & b</set-body>'),
      '\'set-body\' on line 2, column 13: "&" must be written',
    ],
    [
      'an attribute twice',
      inbound('<set-variable name="a" name="b" value="" />'),
      "'set-variable' on line 2, column 13: attribute 'name' is given twice.",
    ],
    [
      'an attribute without quotes',
      inbound('<base id=1 />'),
      "'base' on line 2, column 13: the value of attribute 'id' is not quoted.",
    ],
    ['an expression without an end', condition('(1'), "'when' on line 2, column 21: an expression is not closed."],
    ['text in a section', inbound('hello'), "'inbound' on line 2, column 4: it can not contain text."],
    [
      'base inside choose',
      inbound('<choose><when condition="true"><base /></when></choose>'),
      "'base' on line 2, column 44: it can only stand directly in a section.",
    ],
    [
      'a policy in the wrong section',
      policies('<outbound><set-backend-service backend-id="x" /></outbound>'),
      "'set-backend-service' on line 2, column 14: Policy is not allowed in the section 'outbound', only in inbound, backend.",
    ],
    [
      'a policy in the wrong section inside choose',
      policies('<on-error><choose><when condition="true"><forward-request /></when></choose></on-error>'),
      "'forward-request' on line 2, column 45: Policy is not allowed in the section 'on-error'",
    ],
    [
      'two policies in backend',
      policies('<backend><base /><forward-request /></backend>'),
      "'backend' on line 2, column 4: backend section allows only one policy to be specified",
    ],
    [
      'a missing attribute',
      inbound('<set-variable name="a" />'),
      "'set-variable' on line 2, column 13: the required attribute 'value' is missing.",
    ],
    [
      'an unknown attribute',
      inbound('<set-variable name="a" value="" scope="x" />'),
      "the attribute 'scope' is not supported by the local gateway.",
    ],
    [
      'a choose without when',
      inbound('<choose><otherwise /></choose>'),
      "'choose' on line 2, column 13: it needs a 'when'.",
    ],
    [
      'an early otherwise',
      inbound('<choose><when condition="true" /><otherwise /><when condition="true" /></choose>'),
      "'otherwise' on line 2, column 46: it must be the last",
    ],
    [
      'an unknown exists-action',
      inbound('<set-header name="a" exists-action="replace" />'),
      "the attribute 'exists-action' must be one of override, skip, append, delete, not 'replace'.",
    ],
    [
      'a header without a value',
      inbound('<set-header name="a" />'),
      "'set-header' on line 2, column 13: it needs a 'value'.",
    ],
    [
      'a liquid template',
      inbound('<set-body template="liquid">x</set-body>'),
      "the attribute 'template' must be one of none, not 'liquid'.",
    ],
    [
      'a policy inside return-response',
      inbound('<return-response><set-variable name="a" value="b" /></return-response>'),
      "'set-variable' on line 2, column 30: it can not stand in 'return-response'.",
    ],
    [
      'two bodies',
      inbound('<return-response><set-body>a</set-body><set-body>b</set-body></return-response>'),
      "'set-body' on line 2, column 52: it is given twice",
    ],
    [
      'a number that is none',
      limit('tokens-per-minute="@("5")"'),
      "the expression of attribute 'tokens-per-minute' must be a number, not string.",
    ],
    [
      'a condition that is no expression',
      inbound('<choose><when condition="yes" /></choose>'),
      "the attribute 'condition' must be true, false or an expression.",
    ],
    ['an element without a name', inbound('< base />'), "'inbound' on line 2, column 4: an element name was expected"],
    [
      'an attribute with an element in it',
      inbound('<set-variable name="a" value="<b>" />'),
      'contains "<" outside of an expression.',
    ],
    [
      'a status that is no number',
      inbound('<return-response><set-status code="OK" /></return-response>'),
      "'set-status' on line 2, column 30: the attribute 'code' must be a whole number",
    ],
    [
      'a backend by id and by address',
      inbound('<set-backend-service backend-id="a" base-url="http://b" />'),
      "one of 'backend-id' and 'base-url' must be given.",
    ],
    [
      'a token limit without a limit',
      limit(''),
      "'llm-token-limit' on line 2, column 13: 'tokens-per-minute', or 'token-quota' with 'token-quota-period', must be given.",
    ],
    [
      'a token quota without a period',
      limit('token-quota="5"'),
      "'token-quota' and 'token-quota-period' must be given together.",
    ],
    [
      'an unknown period',
      limit('token-quota="5" token-quota-period="Minutely"'),
      "'token-quota-period' must be one of Hourly, Daily, Weekly, Monthly, Yearly, not 'Minutely'.",
    ],
    [
      'a limit that is no number',
      limit('tokens-per-minute="1k"'),
      "the attribute 'tokens-per-minute' must be a whole number of at least 1, not '1k'.",
    ],
    [
      'a header name by expression',
      limit('tokens-per-minute="1" retry-after-header-name="@("x")"'),
      "the attribute 'retry-after-header-name' can not be an expression.",
    ],
    [
      'a token limit without a key',
      inbound('<llm-token-limit tokens-per-minute="5" estimate-prompt-tokens="true" />'),
      "the required attribute 'counter-key' is missing.",
    ],
    ['a metric without dimensions', inbound('<llm-emit-token-metric namespace="x" />'), "it needs a 'dimension'."],
    [
      'a dimension without a value',
      inbound('<llm-emit-token-metric><dimension name="Team" /></llm-emit-token-metric>'),
      "'dimension' on line 2, column 36: the dimension 'Team' has no default",
    ],
    [
      'a long renewal period',
      inbound('<rate-limit-by-key calls="1" renewal-period="301" counter-key="k" />'),
      "'renewal-period' must be at most 300 seconds.",
    ],
    [
      'a named value',
      inbound('<set-header name="a"><value>{{secret}}</value></set-header>'),
      "'value' on line 2, column 34: Cannot find a property 'secret'",
    ],
    [
      'an expression inside a text',
      inbound('<set-header name="a"><value>Bearer @("x")</value></set-header>'),
      "'value' on line 2, column 34: an expression must be the whole value.",
    ],
    [
      'text behind an expression',
      inbound('<set-variable name="a" value="@("x") y" />'),
      "'y' stands after the expression.",
    ],
  ])('refuses %s', (_case, xml, problem) => {
    expect(validatePolicy(xml, 'rawxml')?.message).toContain(problem);
  });

  it.each<[string, string, string]>([
    [
      'a condition that is no bool',
      'context.Api.Id',
      "the expression of attribute 'condition' must be bool, not string.",
    ],
    ['an unknown member', 'context.User.Id == ""', "'User' of Context is not supported by the local gateway."],
    ['a member of every JavaScript object', 'context.constructor == null', "'constructor' of Context is not supported"],
    ['an unknown method', 'context.Api.Id.Contains("a")', "the method 'Contains' of string is not supported"],
    ['an unknown name', 'Guid.NewGuid() == null', "the name 'Guid' is not supported by the local gateway."],
    [
      'a variable compared without a cast',
      'context.Variables["a"] == "b"',
      "'==' of object and string would compare references: cast to string first.",
    ],
    [
      'JSON compared without a cast',
      'context.Request.Body.As<JObject>()["a"] == "b"',
      "'==' of JToken and string would compare references",
    ],
    ['different types compared', 'context.Api.Id == 1', "'==' can't be applied to string and int."],
    ['an order of texts', '"a" < "b"', "'<' can't be applied to string and string."],
    ['a sum of bools', 'true + false == true', "'+' can't be applied to bool and bool."],
    ['a text as a condition', '"a" && true', "'&&' needs bool, not string."],
    ['a fallback of a number', '(1 ?? 2) == 1', '?? needs a value that can be null, not int.'],
    ['alternatives of two types', '(true ? 1 : "a") == null', "'?:' can't be applied to int and string."],
    ['a cast that C# has not', '(int)"1" == 1', "a value of type string can't be cast to int."],
    ['an index of a text', '"abc"[0] == null', 'a value of type string has no index.'],
    ['an unknown type', 'context.Variables.GetValueOrDefault<Guid>("a") == null', "the type 'Guid' is not supported"],
    [
      'a variable without a type',
      'context.Variables.GetValueOrDefault("a", "") == ""',
      "'GetValueOrDefault' of Variables needs a type",
    ],
    [
      'a default of another type',
      'context.Variables.GetValueOrDefault<string>("a", 1) == ""',
      'argument 2 must be string, not int.',
    ],
    ['a missing argument', 'context.Variables.ContainsKey()', 'argument 1 (string) is missing.'],
    [
      'too many arguments',
      'context.Request.Headers.GetValueOrDefault("a", "b", "c") == ""',
      "'GetValueOrDefault' takes 2 arguments, not 3.",
    ],
    [
      'a type where none belongs',
      'context.Request.Headers.GetValueOrDefault<string>("a") == ""',
      "'GetValueOrDefault' of Headers takes no type.",
    ],
    [
      'a named argument of another method',
      'context.Variables.ContainsKey(key: "a")',
      "'ContainsKey' has no argument named 'key'.",
    ],
    [
      'an unknown named argument',
      'context.Request.Body.As<JObject>(keep: true) == null',
      "'As' has no argument named 'keep'.",
    ],
    [
      'a body of an unsupported type',
      'context.Request.Body.As<int>() == 1',
      "'As' is supported by the local gateway for string, JObject, JToken and JArray.",
    ],
    ['an interpolated string', '$"a" == ""', 'is not supported in an expression by the local gateway.'],
    ['an unknown escape', '"\\q" == ""', "'\\q' is no escape sequence."],
    ['an empty expression', '', "')' was not expected."],
    ['a missing operand', '1 ==', "')' was not expected."],
    ['a statement', 'context = null', "')' was expected, not '='."],
    ['endless nesting', `${'('.repeat(200)}true${')'.repeat(200)}`, 'nested more than 100 deep.'],
  ])('refuses %s in an expression', (_case, code, problem) => {
    const { message } = validatePolicy(condition(code), 'rawxml')!;
    expect(message).toMatch(/^Error in element 'when' on line 2, column 21: /);
    expect(message).toContain(problem);
  });

  it.each<[string, string, string]>([
    ['no return', 'var a = 1;', 'only "var x = …;", "x[…] = …;" and "return …;" are supported'],
    ['a loop', 'for (;;) { } return 1;', 'only "var x = …;"'],
    ['a statement after return', 'return 1; var a = 2;', "'}' was expected, not 'var'."],
    ['a name twice', 'var a = 1; var a = 2; return a;', "'a' is declared already."],
    ['a value without a type', 'var a = null; return a;', "'var a' needs a value with a type."],
    [
      'an assignment to a name',
      'var a = 1; a = 2; return a;',
      'only an indexed value such as x["name"] can be assigned.',
    ],
    ['an assignment to a call', 'var a = "x"; a.ToString() = "y"; return a;', 'only an indexed value'],
    [
      'a body inside JSON',
      'var a = context.Request.Body.As<JObject>(); a["x"] = context.Request; return a;',
      "a value of type Request can't become JSON.",
    ],
    ['an unknown local', 'return b;', "the name 'b' is not supported"],
  ])('refuses %s in a block', (_case, code, problem) => {
    expect(validatePolicy(inbound(`<set-body>@{ ${code} }</set-body>`), 'rawxml')?.message).toContain(problem);
  });

  it('refuses a document that is longer than the service takes', () => {
    expect(validatePolicy(inbound(`<set-body>${'x'.repeat(262_144)}</set-body>`), 'rawxml')?.message).toContain(
      'longer than 262144',
    );
    expect(validatePolicy('<a>'.repeat(100), 'rawxml')?.message).toContain('nested more than 40 deep');
  });
});

describe('expressions', () => {
  const BODY = {
    text: 'a',
    number: 2,
    flag: true,
    nothing: null,
    list: [1, 'b'],
    object: { inner: 'c' },
    digits: '12',
    yes: 'TRUE',
  };

  async function evaluate(code: string): Promise<string> {
    const { call, world } = createBench(Date.UTC(2026, 0, 5, 9, 8, 7));
    world.setPlainPolicy({
      inbound: `<set-variable name="number" value="@(7)" /><set-variable name="text" value="seven" />
        <set-variable name="null" value="@((string)null)" />
        <return-response><set-body>@${code.startsWith('{') ? code : `(${code})`}</set-body></return-response>`,
      'on-error': '<return-response><set-body>@("! " + context.LastError.Message)</set-body></return-response>',
    });
    const options = { key: 'one-api-key', headers: { 'X-One': '1' }, body: BODY };
    return (await call('POST', '/plain/chat/completions?x=1', options)).text;
  }

  const json = (rest: string) => `context.Request.Body.As<JObject>(preserveContent: true)${rest}`;

  it.each([
    ['1 + 2 + "a" + 1 + 2', '3a12'],
    ['"a" + null + true + 1.5', 'aTrue1.5'],
    ['5 - 2 - 1', '2'],
    ['true || false && false', 'True'],
    ['!(1 <= 1) ? "yes" : 1 < 2 ? "second" : "third"', 'second'],
    ['1 > 2 == false && 2 >= 2 && 1 != 2', 'True'],
    ['(string)null ?? null ?? "last"', 'last'],
    ['"\\u0041\\t\\"\\\\" + @"\\""q"', 'A\t"\\\\"q'],
    ['(int)1.9 + (double)1', '2'],
    ['context.Api.Id + context.Api.Name + context.Api.Path', 'plain-apiplain-apiplain'],
    [
      'context.Operation.Id + context.Operation.Method + context.Operation.UrlTemplate',
      'chat-completionsPOST/chat/completions',
    ],
    ['context.Subscription.Id + (context.Product == null)', 'sub-plainTrue'],
    [
      'context.Request.Method + context.Request.Url.Path + context.Request.IpAddress',
      'POST/plain/chat/completions10.0.0.9',
    ],
    [
      'context.Request.Headers.GetValueOrDefault("x-one") + context.Request.Headers.GetValueOrDefault("constructor", "-")',
      '1-',
    ],
    ['context.Timestamp', '01/05/2026 09:08:07'],
    ['context.RequestId.ToString() == context.RequestId + ""', 'True'],
    ['context.Response == null && context.LastError == null', 'True'],
    ['(int)context.Variables["number"] + 1', '8'],
    ['context.Variables.GetValueOrDefault<int>("number") + context.Variables.GetValueOrDefault<int>("none")', '7'],
    ['context.Variables.GetValueOrDefault<string>("none", "x") + context.Variables.ContainsKey("text")', 'xTrue'],
    ['(string)context.Variables["null"] ?? "none"', 'none'],
    [json('["text"] + "/" + context.Request.Body.As<JToken>(preserveContent: true)["list"][1]'), 'a/b'],
    [`(string)${json('["number"]')} + (string)${json('["flag"]')}`, '2True'],
    [`(int)${json('["digits"]')} + (double)${json('["number"]')}`, '14'],
    [`(bool)${json('["flag"]')} && (bool)${json('["number"]')}`, 'True'],
    [`(string)${json('["nothing"]')} ?? "null"`, 'null'],
    [`(bool)${json('["yes"]')} ? "True" : ""`, 'True'],
    [`${json('["nothing"]')} == null ? "null" : "a JSON null"`, 'a JSON null'],
    [`${json('["missing"]')} == null`, 'True'],
    [`(string)${json('["missing"]')} ?? "none"`, 'none'],
    [json('["object"].ToString()'), '{\n  "inner": "c"\n}'],
    ['{ var a = context.Request.Body.As<JObject>(); a["__proto__"] = 1; return a["__proto__"]; }', '1'],
  ])('%s is %j', async (code, expected) => {
    expect(await evaluate(code)).toBe(expected);
  });

  it.each([
    ['context.Product.Id', 'Object reference not set to an instance of an object.'],
    ['context.Response.StatusCode', 'Object reference not set to an instance of an object.'],
    [json('["missing"]["x"]'), 'Object reference not set to an instance of an object.'],
    ['(int)context.Variables["null"]', 'Object reference not set to an instance of an object.'],
    ['(string)context.Variables["number"]', "Unable to cast object of type 'int' to type 'string'."],
    ['context.Variables.GetValueOrDefault<string>("number")', "Unable to cast the variable's value to type 'string'."],
    ['context.Variables["none"]', "The given key 'none' was not present in the dictionary."],
    [`(string)${json('["object"]')}`, 'Can not convert Object to string.'],
    [`(string)${json('["list"]')}`, 'Can not convert Array to string.'],
    [`(int)${json('["text"]')}`, 'Can not convert "a" to int.'],
    [`(bool)${json('["text"]')}`, 'Can not convert "a" to bool.'],
    [`(int)${json('["nothing"]')}`, 'Can not convert Null to int.'],
    [`(JArray)${json('["object"]')}`, "Unable to cast object of type 'JObject' to type 'JArray'."],
    [json('["text"]["x"]'), "Cannot access child value on JValue with 'x'."],
    [json('["list"][2]'), 'Index was out of range.'],
    ['context.Request.Body.As<JArray>()', 'Error reading JArray from the body'],
    [
      '{ var a = context.Request.Body.As<JObject>(); return context.Request.Body.As<string>(); }',
      'Object reference not set',
    ],
    [
      '{ var a = context.Request.Body.As<JObject>(); a["list"][9] = 1; return a; }',
      "Set JArray values with invalid key value: '9'.",
    ],
  ])('%s fails with %j', async (code, expected) => {
    expect(await evaluate(code)).toContain(`! Expression evaluation failed. ${expected}`);
  });
});
