// SPDX-License-Identifier: Apache-2.0
// For `/reviews/[0-9]+` of a unit without other patterns:
//
//   op 0   is there room for 9 bytes?  8 bytes == "/reviews" and the last 8 == "reviews/"
//   op 1   at the end?  byte - '0' ≤ 9?
//   leaf   route and mask as immediates
//
// Text is compared with the tables' in as few loads as cover it (not with immediates, so that the
// code is that of every unit of this shape), the last two may overlap, and a
// path that fails is not looked at again unless some other pattern could still match it: only then
// does it matter which byte was the first that differed.
//
// A jump carries where it goes on as a phi of the block it goes to. Nothing is read before it is
// known to lie inside the subject.
#include "compiler/codegen/emit_path.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include "compiler/codegen/spans.h"

namespace smic::codegen {
namespace {

using llvm::BasicBlock;
using llvm::Value;

constexpr std::size_t kLoadsPerBlock = 4;  // of a text; then what was read so far is judged

struct Chunk {
  std::size_t at = 0, size = 0;
};

// The fewest loads of 8, 4, 2 or 1 bytes that cover a text.
std::vector<Chunk> chunks_of(std::size_t size) {
  std::vector<Chunk> chunks;
  for (std::size_t at = 0; at != size;) {
    std::size_t wide = 8;
    while (wide > size) wide /= 2;
    at = std::min(at, size - wide);
    chunks.push_back({at, wide});
    at += wide;
  }
  return chunks;
}

class PathEmitter {
 public:
  PathEmitter(llvm::Function& function, const PathCode& code, PathSubject subject, Value* tables,
              const std::function<BasicBlock*(std::uint32_t)>& leaf)
      : function_(function),
        code_(code),
        subject_(subject),
        tables_(tables),
        leaf_(leaf),
        build_(function.getContext()),
        nodes_(code.ops.size()) {}

  void emit(BasicBlock* from, PathRef root) {
    build_.SetInsertPoint(from);
    build_.CreateBr(edge(root, subject_.data));
    while (!open_.empty()) {
      const std::uint32_t op = open_.back();
      open_.pop_back();
      build_.SetInsertPoint(nodes_[op].block);
      emit_op(code_.ops[op], nodes_[op].at);
    }
  }

 private:
  struct Node {
    BasicBlock* block = nullptr;
    llvm::PHINode* at = nullptr;
  };

  BasicBlock* block() { return BasicBlock::Create(function_.getContext(), "", &function_); }
  Value* step(Value* at, std::uint64_t bytes) {
    return bytes == 0 ? at : build_.CreateConstInBoundsGEP1_64(build_.getInt8Ty(), at, bytes);
  }
  Value* load(llvm::Type* type, Value* at) {
    return build_.CreateAlignedLoad(type, at, llvm::Align(1));
  }

  // ---- jumps -----------------------------------------------------------------------------------

  // Where a jump from here leads that goes on at `at`.
  BasicBlock* edge(PathRef ref, Value* at) {
    if (ref.final) return leaf_(ref.to);
    Node& node = nodes_[ref.to];
    if (!node.block) {
      node.block = block();
      node.at = llvm::PHINode::Create(build_.getPtrTy(), 2, "", node.block);
      open_.push_back(ref.to);
    }
    node.at->addIncoming(at, build_.GetInsertBlock());
    return node.block;
  }

  // Where a jump leads that was decided by the byte at `at`. A retry comes from a block of its own:
  // one block may not give a phi two values.
  BasicBlock* edge_by_byte(PathRef ref, Value* at, Value* past) {
    if (ref.final || !ref.retry) return edge(ref, past);
    BasicBlock *from = build_.GetInsertBlock(), *again = block();
    build_.SetInsertPoint(again);
    build_.CreateBr(edge(ref, at));
    build_.SetInsertPoint(from);
    return again;
  }

  // Goes on in a new block unless the subject ends at `at`.
  void leave_at_end(Value* at, std::uint32_t accept) {
    BasicBlock* more = block();
    build_.CreateCondBr(build_.CreateICmpEQ(at, subject_.end), leaf_(accept), more);
    build_.SetInsertPoint(more);
  }

  // ---- ops -------------------------------------------------------------------------------------

  void emit_op(const PathOp& op, Value* at) {
    switch (op.kind) {
      case PathOp::Kind::text:
        return op.text_size == 0 ? emit_choice(op, at) : emit_text(op, at);
      case PathOp::Kind::step:
        return emit_step(op, at);
      case PathOp::Kind::span:
        return emit_span(op, at);
    }
  }

  void emit_text(const PathOp& op, Value* at) {
    BasicBlock* differs = block();
    Value* left = build_.CreateSub(build_.CreatePtrToInt(subject_.end, build_.getInt64Ty()),
                                   build_.CreatePtrToInt(at, build_.getInt64Ty()));
    pass_if(build_.CreateICmpUGE(left, build_.getInt64(op.text_size)), differs);
    const std::vector<Chunk> chunks = chunks_of(op.text_size);
    for (std::size_t i = 0; i < chunks.size(); i += kLoadsPerBlock) {
      const std::size_t end = std::min(chunks.size(), i + kLoadsPerBlock);
      pass_if(equal(op.text_at, at, {chunks.begin() + i, chunks.begin() + end}), differs);
    }
    Value* behind = step(at, op.text_size);
    if (op.chooses) {
      emit_choice(op, behind);
    } else {
      build_.CreateBr(edge(op.next, behind));
    }
    build_.SetInsertPoint(differs);
    emit_difference(op, at);
  }

  void pass_if(Value* condition, BasicBlock* otherwise) {
    BasicBlock* here = block();
    build_.CreateCondBr(condition, here, otherwise);
    build_.SetInsertPoint(here);
  }

  // Of the tables' text at the offset `text`, and the subject's at `at`.
  Value* equal(std::uint32_t text, Value* at, const std::vector<Chunk>& chunks) {
    const auto both = [&](const Chunk& chunk) {
      llvm::Type* type = build_.getIntNTy(8 * chunk.size);
      return std::pair(load(type, step(at, chunk.at)),
                       load(type, step(tables_, std::uint64_t{text} + chunk.at)));
    };
    if (chunks.size() == 1) {
      const auto [subject, wanted] = both(chunks[0]);
      return build_.CreateICmpEQ(subject, wanted);
    }
    Value* differ = build_.getInt64(0);
    for (const Chunk& chunk : chunks) {
      const auto [subject, wanted] = both(chunk);
      Value* bits = build_.CreateXor(subject, wanted);
      differ = build_.CreateOr(differ, build_.CreateZExt(bits, build_.getInt64Ty()));
    }
    return build_.CreateIsNull(differ);
  }

  // The subject does not have the text: it ends within, or a byte differs.
  void emit_difference(const PathOp& op, Value* at) {
    if (op.accept == 0 && op.fallback.dead()) {
      build_.CreateBr(leaf_(0));
      return;
    }
    Value* text = build_.CreateConstInBoundsGEP1_64(build_.getInt8Ty(), tables_, op.text_at);
    Value* stop = build_.CreateCall(prefix_function(function_),
                                    {at, subject_.end, text, build_.getInt64(op.text_size)});
    leave_at_end(stop, op.accept);
    build_.CreateBr(edge_by_byte(op.fallback, stop, step(stop, 1)));
  }

  void emit_choice(const PathOp& op, Value* at) {
    leave_at_end(at, op.accept);
    Value* byte = load(build_.getInt8Ty(), at);
    Value* past = step(at, 1);
    for (const auto& [key, to] : op.keys) {
      BasicBlock* other = block();
      build_.CreateCondBr(build_.CreateICmpEQ(byte, build_.getInt8(key)), edge(to, past), other);
      build_.SetInsertPoint(other);
    }
    build_.CreateBr(edge_by_byte(op.fallback, at, past));
  }

  void emit_step(const PathOp& op, Value* at) {
    leave_at_end(at, op.accept);
    Value* byte = load(build_.getInt8Ty(), at);
    Value* past = step(at, 1);
    if (op.utf8) {
      BasicBlock *lead = block(), *single = block();
      build_.CreateCondBr(emit_is_lead(build_, byte), lead, single);
      build_.SetInsertPoint(lead);
      Value* behind = build_.CreateCall(sequence_function(function_), {at, subject_.end});
      build_.CreateCondBr(build_.CreateIsNull(behind), edge(op.fallback, subject_.end),
                          edge(op.next, behind));
      build_.SetInsertPoint(single);
    }
    BasicBlock* taken = edge(op.next, past);
    build_.CreateCondBr(emit_in_class(build_, op.bytes, byte), taken,
                        edge_by_byte(op.fallback, at, past));
  }

  void emit_span(const PathOp& op, Value* at) {
    Value* behind = build_.CreateCall(span_function(function_, op.bytes, op.utf8),
                                      {at, subject_.end, subject_.data});
    if (op.utf8) {
      BasicBlock* whole = block();
      build_.CreateCondBr(build_.CreateIsNull(behind), edge(op.fallback, subject_.end), whole);
      build_.SetInsertPoint(whole);
    }
    if (op.plus) pass_if(build_.CreateICmpNE(behind, at), leaf_(0));
    leave_at_end(behind, op.accept);
    build_.CreateBr(edge(op.next, behind));
  }

  llvm::Function& function_;
  const PathCode& code_;
  const PathSubject subject_;
  Value* tables_;
  const std::function<BasicBlock*(std::uint32_t)>& leaf_;
  llvm::IRBuilder<> build_;
  std::vector<Node> nodes_;          // by op
  std::vector<std::uint32_t> open_;  // ops that are jumped to and not emitted yet
};

}  // namespace

void emit_path(llvm::Function& function, BasicBlock* from, const PathCode& code, PathRef root,
               PathSubject subject, Value* tables,
               const std::function<BasicBlock*(std::uint32_t)>& leaf) {
  PathEmitter(function, code, subject, tables, leaf).emit(from, root);
}

}  // namespace smic::codegen
