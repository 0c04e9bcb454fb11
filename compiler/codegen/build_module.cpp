// SPDX-License-Identifier: Apache-2.0
// LLVM IR for the shape of a unit: what depends on few numbers becomes code with those numbers in
// it, what depends on many patterns is a call of the kernel with the unit's tables. For the split
// 90 : 10 of a route, whose running sums are in the tables,
//
//   %x = (entropy × sums[1]) >> 64
//   %i = zext (%x ≥ sums[0])         one comparison per backend but the last, no branch
//
// and for a unit with few patterns the whole match: verdicts as constants, but for one look-up per
// access rule of which sources it means; paths as in emit_path.cpp; a leaf with header conditions
// is a call of the kernel for that leaf.
//
// Why not inline and specialise the kernel itself for every unit? Tried: 40 to 65 ms per unit, in
// instruction selection nearly all. Code emitted op by op needs no optimiser and costs about 0.1 ms
// per rule; it saves a half to a third of a decision up to ten rules and a tenth at thirty
// (measured by tests/bench/bench_engines). kMaxPathOps draws the line lower, at about five rules:
// what code saves beyond does not pay for making it anew at every change, nor for its pages in
// every proxy.
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>

#include "compiler/codegen/emit_path.h"
#include "compiler/codegen/machine.h"
#include "compiler/codegen/pipeline.h"

namespace smic::codegen {
namespace {

class Emitter {
 public:
  Emitter(llvm::Module& module, const Target& target)
      : module_(module), target_(target), build_(module.getContext()) {
    tables_ =
        new llvm::GlobalVariable(module, build_.getInt8Ty(), /*isConstant=*/true,
                                 llvm::GlobalValue::ExternalLinkage, nullptr, "smic_v1_tables");
    tables_->setVisibility(llvm::GlobalValue::HiddenVisibility);  // reached without a GOT
    tables_->setDSOLocal(true);
    tables_->setAlignment(llvm::Align(64));
  }

  void emit_match(const std::optional<MatchCode>& code) {
    start("smic_v1_match", build_.getVoidTy(), {build_.getPtrTy(), build_.getPtrTy()});
    if (code) {
      match(*code);
    } else {
      call_kernel("smic_kernel_match");
    }
  }

  void emit_split(const std::optional<SplitCode>& code) {
    start("smic_v1_split", build_.getInt32Ty(), {build_.getInt32Ty(), build_.getInt64Ty()});
    if (code) {
      split_by_route(*code);
    } else {
      call_kernel("smic_kernel_split");
    }
  }

 private:
  // ---- functions and blocks --------------------------------------------------------------------

  void start(const char* name, llvm::Type* result, std::initializer_list<llvm::Type*> parameters) {
    auto* type = llvm::FunctionType::get(result, parameters, /*isVarArg=*/false);
    function_ = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module_);
    function_->setDoesNotThrow();
    function_->addFnAttr("no-builtins");  // nothing may become a call of memset
    function_->addFnAttr("no-jump-tables", "true");
    function_->addFnAttr("target-cpu", target_.cpu);
    build_.SetInsertPoint(block());
  }
  llvm::BasicBlock* block() {
    return llvm::BasicBlock::Create(module_.getContext(), "", function_);
  }

  llvm::Value* kernel_of(const char* name, llvm::ArrayRef<llvm::Value*> values,
                         llvm::Type* result) {
    llvm::Function* kernel = module_.getFunction(name);
    if (!kernel) {
      std::vector<llvm::Type*> types;
      for (llvm::Value* value : values) types.push_back(value->getType());
      auto* type = llvm::FunctionType::get(result, types, /*isVarArg=*/false);
      kernel = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, name, module_);
      kernel->setVisibility(llvm::GlobalValue::HiddenVisibility);
      kernel->setDSOLocal(true);
      kernel->setDoesNotThrow();
    }
    return build_.CreateCall(kernel, values);
  }

  // return kernel(tables, the function's own arguments…)
  void call_kernel(const char* name) {
    std::vector<llvm::Value*> values{tables_};
    for (llvm::Argument& argument : function_->args()) values.push_back(&argument);
    auto* call = llvm::cast<llvm::CallInst>(kernel_of(name, values, function_->getReturnType()));
    call->setTailCall();
    if (function_->getReturnType()->isVoidTy()) {
      build_.CreateRetVoid();
    } else {
      build_.CreateRet(call);
    }
  }

  llvm::Value* field(llvm::Value* base, std::uint64_t offset) {
    return build_.CreateConstInBoundsGEP1_64(build_.getInt8Ty(), base, offset);
  }

  // A number of the request that is replaced by 0 where it is out of range, as in the kernel.
  llvm::Value* number_below(std::uint64_t offset, std::uint32_t limit) {
    llvm::Value* number =
        build_.CreateLoad(build_.getInt32Ty(), field(function_->getArg(0), offset));
    llvm::Value* valid = build_.CreateICmpULT(number, build_.getInt32(limit));
    return build_.CreateSelect(valid, number, build_.getInt32(0));
  }

  // ---- match -----------------------------------------------------------------------------------

  // Outcome of the method, then the leaf without a path, then program by program with the leaf it
  // ends with. What is reached only lowers the route and adds to the mask, so it is written to the
  // verdict as it comes.
  void match(const MatchCode& code) {
    const PathSubject subject = code.paths.roots.empty() ? PathSubject{} : load_path();
    const bool leaves = code.base || !code.paths.leaves.empty();
    method_ = leaves || code.outcomes.size() > 1
                  ? number_below(offsetof(contract::RequestView, method), contract::kMethodCount)
                  : nullptr;
    llvm::BasicBlock* at = leaves ? block() : nullptr;
    outcome_by_method(code, at);
    if (!leaves) return;
    build_.SetInsertPoint(at);
    method_bit_ = build_.CreateShl(build_.getInt32(1), method_);
    if (code.base) emit_leaf(code, *code.base, nullptr);
    at = build_.GetInsertBlock();
    for (const PathRef root : code.paths.roots) at = match_path(code, root, subject, at);
    build_.SetInsertPoint(at);
    build_.CreateRetVoid();
  }

  PathSubject load_path() {
    llvm::Value* view = function_->getArg(0);
    llvm::Value* data = build_.CreateLoad(build_.getPtrTy(), view);
    llvm::Value* size =
        build_.CreateLoad(build_.getInt64Ty(), field(view, offsetof(contract::Slice, size)));
    return {data, build_.CreateInBoundsGEP(build_.getInt8Ty(), data, size)};
  }

  // Emits a program from the end of `from` and the leaves it ends with; the block that follows.
  llvm::BasicBlock* match_path(const MatchCode& code, PathRef root, PathSubject subject,
                               llvm::BasicBlock* from) {
    llvm::BasicBlock* after = block();
    std::vector<llvm::BasicBlock*> blocks(code.leaves.size());
    emit_path(*function_, from, code.paths, root, subject, tables_, [&](std::uint32_t leaf) {
      if (leaf == 0) return after;
      llvm::BasicBlock*& known = blocks[code.of_leaf[leaf - 1]];
      if (!known) known = block();
      return known;
    });
    for (std::size_t leaf = 0; leaf < blocks.size(); ++leaf) {
      if (!blocks[leaf]) continue;  // of another program
      build_.SetInsertPoint(blocks[leaf]);
      emit_leaf(code, code.leaves[leaf], after);
    }
    return after;
  }

  void outcome_by_method(const MatchCode& code, llvm::BasicBlock* after) {
    if (code.outcomes.size() == 1) return outcome(code, code.outcomes.front(), after);
    std::vector<llvm::BasicBlock*> blocks;
    for (std::size_t i = 0; i < code.outcomes.size(); ++i) blocks.push_back(block());
    auto* choose = build_.CreateSwitch(method_, blocks[code.of_method[0]]);
    for (std::uint32_t m = 1; m < contract::kMethodCount; ++m) {
      if (code.of_method[m] == code.of_method[0]) continue;
      choose->addCase(build_.getInt32(m), blocks[code.of_method[m]]);
    }
    for (std::size_t i = 0; i < code.outcomes.size(); ++i) {
      build_.SetInsertPoint(blocks[i]);
      outcome(code, code.outcomes[i], after);
    }
  }

  // Goes on at `after`, or returns without one.
  void outcome(const MatchCode& code, const OutcomeCode& outcome, llvm::BasicBlock* after) {
    const auto allowed = allowed_by(code, outcome);
    llvm::Value* verdict = function_->getArg(1);
    build_.CreateStore(build_.getInt32(outcome.route), verdict);
    build_.CreateStore(build_.getInt32(0), field(verdict, offsetof(contract::Verdict, reserved)));
    for (std::uint32_t word = 0; word < contract::kDestinationWords; ++word) {
      build_.CreateStore(allowed[word], allowed_word(word));
    }
    if (after) {
      build_.CreateBr(after);
    } else {
      build_.CreateRetVoid();
    }
  }

  using Words = std::array<llvm::Value*, contract::kDestinationWords>;

  llvm::Value* allowed_word(std::uint32_t word) {
    return field(function_->getArg(1), offsetof(contract::Verdict, allowed) + 8 * word);
  }

  Words allowed_by(const MatchCode& code, const OutcomeCode& outcome) {
    Words allowed;
    allowed.fill(build_.getInt64(0));
    llvm::Value* source = nullptr;
    for (const TermCode& term : outcome.terms) {
      if (term.key && !source) {
        source = number_below(offsetof(contract::RequestView, source_class), code.source_classes);
      }
      llvm::Value* cell = term.key ? cell_masks(code, *term.key, source) : nullptr;
      for (std::uint32_t word = 0; word < code.words; ++word) {
        llvm::Value* mask = build_.getInt64(term.mask[word]);
        if (cell) mask = build_.CreateAnd(mask, load_word(cell, word));
        allowed[word] = build_.CreateOr(allowed[word], mask);
      }
    }
    return allowed;
  }

  // Adds what a leaf says to the verdict; then goes on at `after`, or here without one.
  void emit_leaf(const MatchCode& code, const LeafCode& leaf, llvm::BasicBlock* after) {
    for (const EntryCode& entry : leaf.entries) add_entry(code, entry);
    if (leaf.kernel_at == 0) {
      if (after) build_.CreateBr(after);
      return;
    }
    llvm::BasicBlock* ask = block();
    if (!after) after = block();
    build_.CreateCondBr(holds(leaf.kernel_methods), ask, after);
    build_.SetInsertPoint(ask);
    kernel_of(
        "smic_kernel_leaf",
        {tables_, function_->getArg(0), build_.getInt32(leaf.kernel_at), function_->getArg(1)},
        build_.getVoidTy());
    build_.CreateBr(after);
    build_.SetInsertPoint(after);
  }

  llvm::Value* holds(std::uint32_t methods) {
    return build_.CreateIsNotNull(build_.CreateAnd(method_bit_, build_.getInt32(methods)));
  }

  // Without a jump: which method a request has is hard to predict.
  void add_entry(const MatchCode& code, const EntryCode& entry) {
    llvm::Value* taken = holds(entry.methods);
    llvm::Value* verdict = function_->getArg(1);
    llvm::Value* route = build_.CreateLoad(build_.getInt32Ty(), verdict);
    llvm::Value* ours = build_.getInt32(entry.outcome.route);
    llvm::Value* lower = build_.CreateAnd(taken, build_.CreateICmpULT(ours, route));
    build_.CreateStore(build_.CreateSelect(lower, ours, route), verdict);
    if (entry.outcome.terms.empty()) return;
    const Words allowed = allowed_by(code, entry.outcome);
    llvm::Value* every = build_.CreateSExt(taken, build_.getInt64Ty());
    for (std::uint32_t word = 0; word < code.words; ++word) {
      llvm::Value* before = build_.CreateLoad(build_.getInt64Ty(), allowed_word(word));
      llvm::Value* added = build_.CreateAnd(allowed[word], every);
      build_.CreateStore(build_.CreateOr(before, added), allowed_word(word));
    }
  }

  // Address of the mask that cell (key, source) names.
  llvm::Value* cell_masks(const MatchCode& code, std::uint32_t key, llvm::Value* source) {
    llvm::Value* row =
        field(tables_, code.cell_table + 4 * std::uint64_t{key} * code.source_classes);
    llvm::Value* cell =
        build_.CreateGEP(build_.getInt32Ty(), row, build_.CreateZExt(source, build_.getInt64Ty()));
    llvm::Value* index = build_.CreateAlignedLoad(build_.getInt32Ty(), cell, llvm::Align(4));
    llvm::Value* offset = build_.CreateMul(build_.CreateZExt(index, build_.getInt64Ty()),
                                           build_.getInt64(8 * std::uint64_t{code.words}));
    return build_.CreateGEP(build_.getInt8Ty(), field(tables_, code.mask_table), offset);
  }
  llvm::Value* load_word(llvm::Value* masks, std::uint32_t word) {
    return build_.CreateAlignedLoad(build_.getInt64Ty(), field(masks, 8 * std::uint64_t{word}),
                                    llvm::Align(4));
  }

  // ---- split -----------------------------------------------------------------------------------

  void split_by_route(const SplitCode& code) {
    llvm::BasicBlock* none = block();
    auto* choose = build_.CreateSwitch(function_->getArg(0), none);
    build_.SetInsertPoint(none);
    build_.CreateRet(build_.getInt32(contract::kNoBackend));
    for (std::size_t route = 0; route < code.size(); ++route) {
      if (code[route].backends == 0) continue;
      llvm::BasicBlock* here = block();
      choose->addCase(build_.getInt32(static_cast<std::uint32_t>(route)), here);
      build_.SetInsertPoint(here);
      build_.CreateRet(backend_of(code[route]));
    }
  }

  // How many running sums lie at or below x is the index of the first one above it.
  llvm::Value* backend_of(const RouteCode& route) {
    llvm::Value* index = build_.getInt32(0);
    if (route.backends == 1) return index;
    llvm::Value* sums = field(tables_, route.sums_at);
    llvm::Type* wide = build_.getInt128Ty();
    llvm::Value* total = build_.CreateZExt(load_word(sums, route.backends - 1), wide);
    llvm::Value* product = build_.CreateMul(build_.CreateZExt(function_->getArg(1), wide), total);
    llvm::Value* x = build_.CreateTrunc(build_.CreateLShr(product, 64), build_.getInt64Ty());
    for (std::uint32_t i = 0; i + 1 < route.backends; ++i) {
      llvm::Value* beyond = build_.CreateICmpUGE(x, load_word(sums, i));
      index = build_.CreateAdd(index, build_.CreateZExt(beyond, build_.getInt32Ty()));
    }
    return index;
  }

  llvm::Module& module_;
  const Target& target_;
  llvm::IRBuilder<> build_;
  llvm::GlobalVariable* tables_ = nullptr;
  llvm::Function* function_ = nullptr;
  llvm::Value *method_ = nullptr, *method_bit_ = nullptr;  // of the request
};

}  // namespace

std::unique_ptr<llvm::Module> build_module(const CodeShape& shape, const Target& target,
                                           llvm::LLVMContext& context) {
  auto module = std::make_unique<llvm::Module>("smic", context);
  module->setTargetTriple(target.triple);
  module->setDataLayout(machine_for(target).createDataLayout());
  module->setPICLevel(llvm::PICLevel::BigPIC);
  Emitter emitter(*module, target);
  emitter.emit_match(shape.match);
  emitter.emit_split(shape.split);
  return module;
}

std::string print_module(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  return text;
}

}  // namespace smic::codegen
