// SPDX-License-Identifier: Apache-2.0
#include "compiler/incremental/objects.h"

#include <algorithm>

namespace smic::incremental {
namespace {

const std::vector<ObjectId> kNone;
const Objects::Said kNothing;

void report_all(const Objects::Said& said, Diagnostics& into) {
  for (const Diagnostic& each : said) into.report(each);
}

}  // namespace

std::string source_name(const ObjectKey& key) {
  std::string name = key.kind + '/';
  if (!key.ns.empty()) (name += key.ns) += '/';
  return (name += key.name) + ".json";
}

std::optional<ObjectId> Objects::find(const ObjectKey& key) const {
  const auto found = by_name_.find(source_name(key));
  return found == by_name_.end() ? std::nullopt : std::optional(found->second);
}

bool Objects::has_text(ObjectId id, const std::string& text) const {
  return sources_.text(id) == text;
}

std::vector<ObjectId> Objects::all() const {
  std::vector<ObjectId> ids;
  ids.reserve(by_name_.size());
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].in_use) ids.push_back(ObjectId(i));
  }
  return ids;
}

ObjectId Objects::put(const ObjectKey& key, std::shared_ptr<const std::string> text) {
  const std::string name = source_name(key);
  const auto [known, is_new] = by_name_.try_emplace(name, ObjectId());
  if (!is_new) {
    sources_.replace(known->second, name, std::move(text));
  } else if (free_.empty()) {
    known->second = sources_.add(name, std::move(text));
    slots_.emplace_back();
  } else {
    known->second = free_.back();
    free_.pop_back();
    sources_.replace(known->second, name, std::move(text));
  }
  const ObjectId id = known->second;
  slots_[id.value].key = key;
  slots_[id.value].in_use = true;
  Diagnostics diagnostics(sources_);
  resources::Set set = resources::decode(sources_, id, diagnostics, extensions_);
  put_said(said_in_decoding_, id, {diagnostics.kept().begin(), diagnostics.kept().end()});
  index(id, tokens_of(set));
  decoded_.insert_or_assign(id, std::move(set));
  return id;
}

void Objects::remove(ObjectId id) {
  static const auto nothing = std::make_shared<const std::string>();
  by_name_.erase(sources_.name(id));
  index(id, {});
  sources_.replace(id, "", nothing);
  slots_[id.value] = {};
  decoded_.erase(id);
  put_said(said_in_decoding_, id, {});
  put_said(said_, id, {});
  free_.push_back(id);
}

void Objects::index(ObjectId id, std::vector<Token> tokens) {
  std::vector<Token>& before = slots_[id.value].tokens;
  std::vector<Token> changed;
  std::ranges::set_difference(before, tokens, std::back_inserter(changed));
  for (const Token gone : changed) unlist(id, gone);
  changed.clear();
  std::ranges::set_difference(tokens, before, std::back_inserter(changed));
  for (const Token added : changed) index_[added].push_back(id);
  tokens.shrink_to_fit();
  before = std::move(tokens);
}

void Objects::unlist(ObjectId id, Token token) {
  const auto list = index_.find(token);
  std::erase(list->second, id);
  if (list->second.empty()) index_.erase(list);
}

const std::vector<ObjectId>& Objects::with(Token token) const {
  const auto found = index_.find(token);
  return found == index_.end() ? kNone : found->second;
}

const resources::Set& Objects::decoded(ObjectId id) {
  const auto known = decoded_.find(id);
  if (known != decoded_.end()) return known->second;
  Diagnostics said_before(sources_);
  return decoded_.emplace(id, resources::decode(sources_, id, said_before, extensions_))
      .first->second;
}

resources::Set Objects::take_decoded(ObjectId id) {
  decoded(id);
  return std::move(decoded_.extract(id).mapped());
}

void Objects::forget_decoded() { decoded_ = {}; }

void Objects::say(ObjectId id, Said said) { put_said(said_, id, std::move(said)); }

void Objects::put_said(std::map<ObjectId, Said>& into, ObjectId id, Said said) {
  if (!said.empty()) {
    into[id] = std::move(said);
    ++said_version_;
  } else if (into.erase(id) > 0) {
    ++said_version_;
  }
}

const Objects::Said& Objects::said(ObjectId id) const {
  const auto found = said_.find(id);
  return found == said_.end() ? kNothing : found->second;
}

const Objects::Said& Objects::said_in_decoding(ObjectId id) const {
  const auto found = said_in_decoding_.find(id);
  return found == said_in_decoding_.end() ? kNothing : found->second;
}

void Objects::report(ObjectId id, Diagnostics& into) const {
  report_all(said_in_decoding(id), into);
  report_all(said(id), into);
}

void Objects::report(Diagnostics& into) const {
  for (const auto& [id, said] : said_in_decoding_) report_all(said, into);
  for (const auto& [id, said] : said_) report_all(said, into);
}

}  // namespace smic::incremental
