// SPDX-License-Identifier: Apache-2.0
// ANTLR's door: the text of a .smir file to statements, the statements to the unit builder.
//
// Three things keep a large or hostile file cheap. Bytes are read where they lie, one byte one
// character, so no text is decoded, copied or refused for its encoding, and columns count bytes.
// Statements are parsed one at a time and their trees thrown away, so memory does not grow with the
// file. And the first mistake in a statement ends it: reading goes on at the next line that starts
// one, and stops for good after kMaxMistakes.
//
// Tested by tests/unit/text; fuzzed by tests/fuzz/rule_ir.
#include <antlr4-runtime.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compiler/text/text.h"
#include "compiler/text/unit_builder.h"
#include "rule_ir/RuleIRBaseVisitor.h"
#include "rule_ir/RuleIRLexer.h"
#include "rule_ir/RuleIRParser.h"

namespace smic::text {
namespace {

using Parser = grammar::rule_ir::RuleIRParser;

class ByteStream : public antlr4::CharStream {
 public:
  explicit ByteStream(std::string_view text) : text_(text) {}

  void consume() override { ++at_; }
  std::size_t LA(ssize_t offset) override {
    const std::size_t i = at_ + static_cast<std::size_t>(offset > 0 ? offset - 1 : offset);
    return i < text_.size() ? static_cast<unsigned char>(text_[i]) : antlr4::IntStream::EOF;
  }
  ssize_t mark() override { return -1; }
  void release(ssize_t) override {}
  std::size_t index() override { return at_; }
  void seek(std::size_t index) override { at_ = index; }
  std::size_t size() override { return text_.size(); }
  std::string getSourceName() const override { return {}; }
  std::string toString() const override { return std::string(text_); }
  std::string getText(const antlr4::misc::Interval& interval) override {
    return std::string(slice(interval.a, interval.b));
  }

  std::string_view all() const { return text_; }

  std::string_view slice(std::size_t first, std::size_t last) const {
    if (first >= text_.size()) return {};  // the end of the file
    return text_.substr(first, last - first + 1);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

// Ends the statement at its first mistake. ANTLR's own strategies repair the input instead and
// guess on, which in a flat language only makes further mistakes out of the first.
class EndStatement : public antlr4::DefaultErrorStrategy {
 public:
  struct Mistake {
    antlr4::Token* found;
    antlr4::misc::IntervalSet expected;
  };

  void reportError(antlr4::Parser*, const antlr4::RecognitionException&) override {}
  void recover(antlr4::Parser* parser, std::exception_ptr) override { end(parser); }
  antlr4::Token* recoverInline(antlr4::Parser* parser) override { end(parser); }

  // Asked before and within every choice and repetition: can the statement go on like this? Where
  // the repetition may also end, it ends, but what it could have gone on with is kept for end().
  void sync(antlr4::Parser* parser) override {
    const auto& atn = parser->getATN();
    const auto& next = atn.nextTokens(atn.states[parser->getState()]);
    if (next.contains(parser->getTokenStream()->LA(1))) return;
    if (!next.contains(antlr4::Token::EPSILON)) end(parser);
    note(parser->getTokenStream()->index());
    skipped_.addAll(next);
  }

 private:
  [[noreturn]] void end(antlr4::Parser* parser) {
    note(parser->getTokenStream()->index());
    skipped_.addAll(parser->getExpectedTokens());
    throw Mistake{parser->getCurrentToken(), std::exchange(skipped_, {})};
  }

  void note(std::size_t token) {
    if (std::exchange(skipped_at_, token) != token) skipped_.clear();
  }

  std::size_t skipped_at_ = 0;         // a token, and
  antlr4::misc::IntervalSet skipped_;  // what could have stood there instead
};

std::string describe(std::size_t type, const antlr4::dfa::Vocabulary& vocabulary) {
  switch (type) {
    case Parser::ANY:
      return "`any`";
    case Parser::NEVER:
      return "`never`";
    case Parser::NUMBER:
      return "a number";
    case Parser::DURATION:
      return "a duration";
    case Parser::ID:
      return "a name";
    case Parser::REF:
      return "`namespace/name`";
    case Parser::STRING:
      return "a string in quotes";
  }
  const std::string quoted = vocabulary.getLiteralName(type);  // 'when'
  return "`" + quoted.substr(1, quoted.size() - 2) + "`";
}

std::string describe(const antlr4::misc::IntervalSet& expected,
                     const antlr4::dfa::Vocabulary& vocabulary) {
  std::vector<std::string> words;
  for (ssize_t type : expected.toList()) {
    if (type > 0) words.push_back(describe(static_cast<std::size_t>(type), vocabulary));
  }
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
    out += words[i];
  }
  return out;
}

class Reader : public grammar::rule_ir::RuleIRBaseVisitor {
 public:
  Reader(std::string_view text, SourceId source, Diagnostics& diagnostics, PatternCheck check)
      : source_(source),
        check_(std::move(check)),
        builder_(diagnostics),
        bytes_(text),
        lexer_(&bytes_),
        tokens_(std::in_place, &lexer_),
        parser_(&*tokens_) {
    lexer_.removeErrorListeners();
    parser_.removeErrorListeners();
    parser_.setErrorHandler(std::make_shared<EndStatement>());
    parser_.getInterpreter<antlr4::atn::ParserATNSimulator>()->setPredictionMode(
        antlr4::atn::PredictionMode::SLL);
  }

  std::vector<ir::Unit> read() {
    while (tokens_->LA(1) != antlr4::Token::EOF) {
      if (builder_.mistakes() >= kMaxMistakes) {
        builder_.mistake("E52", token(tokens_->LT(1)).span,
                         "too many mistakes, the rest is not read");
        break;
      }
      statement();
    }
    return builder_.finish();
  }

 private:
  void statement() {
    const ssize_t window = tokens_->mark();  // keeps the statement's tokens alive
    const Token first = token(tokens_->LT(1));
    if (first.value == "unit") builder_.begin(first.span);
    try {
      visitChildren(parser_.statement());
    } catch (const EndStatement::Mistake& mistake) {
      report(mistake);
      return restart_after(token(mistake.found).span, mistake.found->getStartIndex());
    }
    tokens_->release(window);
    parser_.getTreeTracker().reset();
  }

  // Goes on at the next line that starts with a statement's first word. Found in the bytes: to
  // make tokens of megabytes only to drop them would take seconds.
  void restart_after(const Span& mistake, std::size_t offset) {
    const std::string_view text = bytes_.all();
    std::size_t line = mistake.line;
    do {
      offset = std::min(text.find('\n', offset), text.size() - 1) + 1;
      ++line;
    } while (offset < text.size() && !starts_statement(text.substr(offset)));
    lexer_.reset();
    bytes_.seek(offset);
    lexer_.setLine(line);
    tokens_.emplace(&lexer_);
    parser_.setTokenStream(&*tokens_);
  }

  static bool starts_statement(std::string_view line) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    const auto starts = [line](std::string_view word) { return line.starts_with(word); };
    return std::ranges::any_of(
        std::initializer_list<std::string_view>{"unit ", "policy ", "source ", "match ", "route ",
                                                "allow "},
        starts);
  }

  void report(const EndStatement::Mistake& mistake) {
    const Token found = token(mistake.found);
    std::string what = "`" + std::string(found.value.substr(0, 60)) + "`";
    if (found.value.empty()) what = "the end of the file";
    if (found.value.starts_with('"')) what = "a string";
    if (mistake.found->getType() == Parser::BAD && found.value.size() > 1) {
      what = "a string without its closing quote";
    }
    builder_.mistake(
        "E52", found.span,
        "expected " + describe(mistake.expected, parser_.getVocabulary()) + ", found " + what);
  }

  // ---- statements ---------------------------------------------------------------------------

  antlrcpp::Any visitUnitHead(Parser::UnitHeadContext* unit) override {
    builder_.head(
        token(unit->ref()->start).span,
        {.service = ref<ir::ServiceRef>(unit->ref()),
         .port = builder_.port(token(unit->NUMBER())),
         .protocol = protocol(token(unit->protocol()->start).value),
         .access = token(unit->access()->start).value == "enforce" ? ir::AccessMode::enforce
                                                                   : ir::AccessMode::permissive});
    return {};
  }

  antlrcpp::Any visitPolicyRule(Parser::PolicyRuleContext* policy) override {
    policy_origin_ = origin(policy->origin(), policy->start);
    visit(policy->setting());
    return {};
  }

  antlrcpp::Any visitSourceSet(Parser::SourceSetContext* source) override {
    ir::SourceSet set;
    for (Parser::RefContext* member : source->ref()) set.members.insert(ref<ir::Identity>(member));
    builder_.source(token(source->ID()), std::move(set));
    return {};
  }

  antlrcpp::Any visitMatchRule(Parser::MatchRuleContext* match) override {
    match_ = {};
    has_method_ = false;
    for (Parser::TestContext* test : match->test()) visit(test);
    match_.origin = origin(match->origin(), match->start);
    builder_.match(token(match->ID()), std::move(match_));
    return {};
  }

  antlrcpp::Any visitRouteRule(Parser::RouteRuleContext* route) override {
    visit(route->outcome());
    builder_.route(token(route->ID()), {.when = condition(route->condition()),
                                        .action = std::move(action_),
                                        .origin = origin(route->origin(), route->start)});
    return {};
  }

  antlrcpp::Any visitAllowRule(Parser::AllowRuleContext* allow) override {
    builder_.allow(token(allow->start).span, {.to = destination(allow->destination()),
                                              .from = sources(allow->sources()),
                                              .when = condition(allow->condition()),
                                              .origin = origin(allow->origin(), allow->start)});
    return {};
  }

  // ---- alternatives within statements: they write the policy, match_ or action_ ---------------

  antlrcpp::Any visitUpstreamScheme(Parser::UpstreamSchemeContext* setting) override {
    set(setting->start, &ir::RoutePolicy::scheme, builder_.scheme(token(setting->scheme()->start)));
    return {};
  }

  antlrcpp::Any visitRequestTimeout(Parser::RequestTimeoutContext* setting) override {
    set(setting->start, &ir::RoutePolicy::request_timeout,
        builder_.duration(token(setting->DURATION())));
    return {};
  }

  antlrcpp::Any visitIdleTimeout(Parser::IdleTimeoutContext* setting) override {
    set(setting->start, &ir::RoutePolicy::idle_timeout,
        builder_.duration(token(setting->DURATION())));
    return {};
  }

  antlrcpp::Any visitRetryAttempts(Parser::RetryAttemptsContext* setting) override {
    set(setting->start, &ir::RoutePolicy::retry_attempts,
        std::optional(builder_.number(token(setting->NUMBER()))));
    return {};
  }

  antlrcpp::Any visitRateLimit(Parser::RateLimitContext* setting) override {
    const bool per_source = token(setting->rateScope()->start).value == "per-source";
    set(setting->start, &ir::RoutePolicy::rate_limit,
        std::optional<contract::RateLimit>(
            {.average = builder_.number(token(setting->NUMBER(0))),
             .burst = builder_.number(token(setting->NUMBER(1))),
             .scope = per_source ? contract::RateScope::source : contract::RateScope::service}));
    return {};
  }

  antlrcpp::Any visitCircuitBreaker(Parser::CircuitBreakerContext* setting) override {
    set(setting->start, &ir::RoutePolicy::circuit_breaker,
        builder_.breaker(token(setting->STRING())));
    return {};
  }

  antlrcpp::Any visitSplitShares(Parser::SplitSharesContext* setting) override {
    set(setting->start, &ir::RoutePolicy::split_shares,
        builder_.split_shares(token(setting->ID())));
    return {};
  }

  antlrcpp::Any visitMethodTest(Parser::MethodTestContext* test) override {
    if (std::exchange(has_method_, true)) twice(test->start);
    match_.methods = 0;
    for (auto* name : test->ID()) match_.methods |= builder_.method(token(name));
    return {};
  }

  antlrcpp::Any visitPathTest(Parser::PathTestContext* test) override {
    if (match_.path) twice(test->start);
    match_.path = pattern(token(test->STRING()), false);
    return {};
  }

  antlrcpp::Any visitHeaderTest(Parser::HeaderTestContext* test) override {
    match_.headers.push_back({.name = builder_.word(token(test->STRING(0))),
                              .regex = pattern(token(test->STRING(1)), true)});
    return {};
  }

  std::string pattern(Token quoted, bool whole) {
    std::string text = builder_.word(quoted);
    const auto mistake = check_ ? check_(text, whole) : std::nullopt;
    if (!mistake) return text;
    Span where = quoted.span;
    const bool as_written = text.size() + 2 == quoted.value.size();  // but for the quotes
    if (as_written && mistake->offset <= text.size()) {
      where.column += static_cast<std::uint32_t>(1 + mistake->offset);
      where.length = static_cast<std::uint32_t>(std::max<std::size_t>(1, mistake->length));
    }
    builder_.mistake("E03", where, mistake->message, mistake->help);
    return text;
  }

  antlrcpp::Any visitForwardOne(Parser::ForwardOneContext* one) override {
    action_ = ir::Forward{{{.service = ref<ir::ServiceRef>(one->ref()),
                            .port = builder_.port(token(one->NUMBER()))}}};
    return {};
  }

  antlrcpp::Any visitForwardSplit(Parser::ForwardSplitContext* split) override {
    action_ = ir::Forward{backends(split->backends())};
    return {};
  }

  antlrcpp::Any visitUnavailable(Parser::UnavailableContext* unavailable) override {
    action_ = ir::Unavailable{backends(unavailable->backends())};
    return {};
  }

  // ---- parts ----------------------------------------------------------------------------------

  // An absent value is a mistake that was told already.
  template <class T>
  void set(antlr4::Token* word, contract::Optional<T> ir::RoutePolicy::* setting,
           std::optional<T> value) {
    if (value) builder_.set(token(word), setting, {std::move(*value), policy_origin_});
  }

  static ir::Protocol protocol(std::string_view word) {
    return word == "http"  ? ir::Protocol::http
           : word == "tcp" ? ir::Protocol::tcp
                           : ir::Protocol::udp;
  }

  ir::Condition condition(Parser::ConditionContext* condition) {
    if (!condition) return ir::Always{};
    if (condition->NEVER()) return ir::Never{};
    ir::AnyOf any;
    for (auto* name : condition->ID()) any.matches.push_back(builder_.match_id(token(name)));
    return any;
  }

  std::vector<ir::BackendRef> backends(Parser::BackendsContext* list) {
    std::vector<ir::BackendRef> backends;
    if (!list) return backends;
    for (Parser::BackendContext* backend : list->backend()) {
      backends.push_back({.service = ref<ir::ServiceRef>(backend->ref()),
                          .port = builder_.port(token(backend->NUMBER(0))),
                          .weight = builder_.number(token(backend->NUMBER(1)))});
    }
    return backends;
  }

  ir::Destinations destination(Parser::DestinationContext* to) {
    if (to->ANY()) return ir::AnyDestination{};
    ir::DestinationRef destination{.identity = ref<ir::Identity>(to->ref())};
    if (to->NUMBER()) destination.port = builder_.port(token(to->NUMBER()));
    return destination;
  }

  ir::Sources sources(Parser::SourcesContext* from) {
    if (from->ANY()) return ir::AnySource{};
    return builder_.source_id(token(from->ID()));
  }

  ir::Origin origin(Parser::OriginContext* origin, antlr4::Token* statement) {
    if (!origin) return builder_.own_origin(token(statement).span);
    return {.resource = builder_.word(token(origin->STRING(0))),
            .file = builder_.word(token(origin->STRING(1))),
            .line = builder_.number(token(origin->NUMBER()))};
  }

  template <class Ref>
  Ref ref(Parser::RefContext* ref) {
    if (!ref->REF()) {
      return {builder_.word(token(ref->STRING(0))), builder_.word(token(ref->STRING(1)))};
    }
    const std::string_view text = token(ref->REF()).value;
    const std::size_t slash = text.find('/');
    return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
  }

  void twice(antlr4::Token* word) {
    const Token which = token(word);
    builder_.mistake("E53", which.span,
                     "a match has one `" + std::string(which.value) + "` test, this is the second");
  }

  Token token(antlr4::tree::TerminalNode* leaf) const { return token(leaf->getSymbol()); }

  Token token(antlr4::Token* token) const {
    const std::string_view text = bytes_.slice(token->getStartIndex(), token->getStopIndex());
    return {.value = text,
            .span = {.source = source_,
                     .line = static_cast<std::uint32_t>(token->getLine()),
                     .column = static_cast<std::uint32_t>(token->getCharPositionInLine() + 1),
                     .length = static_cast<std::uint32_t>(text.size())}};
  }

  SourceId source_;
  PatternCheck check_;
  UnitBuilder builder_;
  ByteStream bytes_;
  grammar::rule_ir::RuleIRLexer lexer_;
  std::optional<antlr4::UnbufferedTokenStream> tokens_;
  Parser parser_;
  ir::Match match_;
  bool has_method_ = false;
  ir::Action action_;
  ir::Origin policy_origin_;
};

}  // namespace

std::vector<ir::Unit> parse(const Sources& sources, SourceId source, Diagnostics& diagnostics,
                            PatternCheck check) {
  const std::string_view text = sources.text(source);
  if (text.size() > kMaxBytes) {
    diagnostics.report("E52", {.source = source},
                       "this file has " + std::to_string(text.size()) + " bytes, more than " +
                           std::to_string(kMaxBytes));
    return {};
  }
  return Reader(text, source, diagnostics, std::move(check)).read();
}

}  // namespace smic::text
