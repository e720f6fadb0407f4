package tensor

import (
	"fmt"

	"gonum.org/v1/gonum/blas/blas32"
)

// AddAttended adds to dst [rows, n] what each of the queries q [rows, heads·headDim] attends to, at the positions first…first+n-1
// of kv: softmax(q·Kᵀ/√headDim), summed over the heads. Keys are those that kv holds, and causal is that of Attend. Queries are
// rounded to the form of kv, and probabilities are not. A row's sums do not depend on the other rows.
//
// Attend keeps no probabilities; they are computed anew here for the few rows that anybody wants to know of.
func AddAttended(p *Pool, dst, q blas32.General, kv *KV, first int, causal bool) {
	if dst.Rows != q.Rows || q.Cols != kv.heads*kv.headDim || first < 0 || first+dst.Cols > kv.length || causal && q.Rows > kv.length {
		panic(fmt.Sprintf("tensor: queries [%d, %d] attend to positions from %d on of %d, with %d heads of %d, into [%d, %d]",
			q.Rows, q.Cols, first, kv.length, kv.heads, kv.headDim, dst.Rows, dst.Cols))
	}
	if q.Rows == 0 {
		return
	}
	p.apply.Lock()
	defer p.apply.Unlock()
	a := &attended{attention{pool: p, dst: dst, q: q, kv: kv, causal: causal, product: &active.products[kv.form]}, first}
	a.blocks = max((q.Rows+attentionRows-1)/attentionRows, min(q.Rows, p.Threads()))
	p.run(a.blocks, a)
}

// attended is an AddAttended cut into blocks of rows of all heads; dst is [rows, n].
type attended struct {
	attention
	first int
}

func (a *attended) do(worker, task int) {
	from, to := task*a.q.Rows/a.blocks, (task+1)*a.q.Rows/a.blocks
	dst, scale := Rows(a.dst, from, to), a.scale()
	for h := range a.kv.heads {
		q := columns(Rows(a.q, from, to), h*a.kv.headDim, (h+1)*a.kv.headDim)
		s := a.room(worker, q, a.visible(to-1))
		a.score(s, h)
		for i := range q.Rows {
			probabilities := Row(s.scores, i)[:a.visible(from+i)]
			softmax(probabilities, scale)
			if a.first < len(probabilities) {
				seen := probabilities[a.first:]
				onRow().add(Row(dst, i)[:min(len(seen), dst.Cols)], seen[:min(len(seen), dst.Cols)])
			}
		}
	}
}
