//go:build onednn

#include "product.h"

#include <omp.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <unordered_map>

#include "dnnl.hpp"

using namespace dnnl;
using type = memory::data_type;
using tag = memory::format_tag;

struct product {
	engine cpu{engine::kind::cpu, 0};
	stream order{cpu};
	dnnl::matmul primitive;
	std::unordered_map<int, memory> operands;
	std::string kernel;
	int threads;
};

static type source_type(int kind) { return kind == FLOAT32 ? type::f32 : kind == BFLOAT16 ? type::bf16 : type::u8; }

static type weight_type(int kind) { return kind == INT8 ? type::s8 : source_type(kind); }

// filled is a plain matrix of a type with small values.
static memory filled(engine &cpu, stream &order, const memory::dims &shape, tag layout, type t) {
	memory m({shape, t, layout}, cpu);
	size_t n = size_t(shape[0]) * size_t(shape[1]);
	if (t == type::u8 || t == type::s8) {
		auto *v = static_cast<uint8_t *>(m.get_data_handle());
		for (size_t i = 0; i < n; i++) v[i] = uint8_t(i % 101);
		return m;
	}
	memory floats({shape, type::f32, layout}, cpu);
	auto *v = static_cast<float *>(floats.get_data_handle());
	for (size_t i = 0; i < n; i++) v[i] = float(i % 1009) / 1009 - 0.5f;
	if (t == type::f32) return floats;
	reorder(floats, m).execute(order, floats, m);
	order.wait();
	return m;
}

static dnnl::matmul::primitive_desc described(engine &cpu, const memory::desc &src, const memory::desc &weights, const memory::desc &dst) {
#if DNNL_VERSION_MAJOR >= 3
	return {cpu, src, weights, dst};
#else
	return {{src, weights, dst}, cpu};
#endif
}

product *product_new(int kind, int threads, int rows, int in, int out, char *error, int size) {
	auto *m = new product;
	try {
		omp_set_num_threads(threads);
		m->threads = threads;
		memory src = filled(m->cpu, m->order, {rows, in}, tag::ab, source_type(kind));
		memory plain = filled(m->cpu, m->order, {in, out}, tag::ba, weight_type(kind));
		memory::desc any({in, out}, weight_type(kind), tag::any);
		auto d = described(m->cpu, src.get_desc(), any, {{rows, out}, type::f32, tag::ab});
		memory packed(d.weights_desc(), m->cpu);
		reorder(plain, packed).execute(m->order, plain, packed);
		m->order.wait();
		m->primitive = dnnl::matmul(d);
		m->kernel = d.impl_info_str();
		m->operands = {{DNNL_ARG_SRC, src}, {DNNL_ARG_WEIGHTS, packed}, {DNNL_ARG_DST, memory(d.dst_desc(), m->cpu)}};
		return m;
	} catch (const std::exception &e) {
		strncpy(error, e.what(), size_t(size) - 1);
		delete m;
		return nullptr;
	}
}

double product_run(product *m, int times) {
	try {
		omp_set_num_threads(m->threads); // of this thread, which Go may have changed
		auto begun = std::chrono::steady_clock::now();
		for (int i = 0; i < times; i++) m->primitive.execute(m->order, m->operands);
		m->order.wait();
		return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
	} catch (const std::exception &) {
		return -1;
	}
}

const char *product_kernel(product *m) { return m->kernel.c_str(); }

void product_free(product *m) { delete m; }
