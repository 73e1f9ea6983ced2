package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	tg "github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What rivals are told by the environment.
const (
	rivalListen   = "MEASURE_LISTEN"
	rivalDatabase = "MEASURE_DATABASE"
	rivalAPI      = "MEASURE_API"
)

const (
	sqlRivalTable = `CREATE TABLE IF NOT EXISTS rival_answer (person bigint, question text, value text, PRIMARY KEY (person, question))`
	sqlRivalSave  = `INSERT INTO rival_answer VALUES ($1, $2, $3) ON CONFLICT (person, question) DO UPDATE SET value = excluded.value`
)

// beRival serves as a bot that does the least: save the answer, answer the query, redraw.
func beRival(ctx context.Context, name string) error {
	pool, err := pgxpool.New(ctx, os.Getenv(rivalDatabase)+"&pool_max_conns=16")
	if err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, sqlRivalTable); err != nil {
		return err
	}
	var hook http.Handler
	switch name {
	case "by-hand":
		hook = byHand(pool, os.Getenv(rivalAPI)+"/bot"+benchToken)
	case "library":
		if hook, err = byLibrary(ctx, pool); err != nil {
			return err
		}
	default:
		return fmt.Errorf("there is no rival %q", name)
	}
	mux := http.NewServeMux()
	mux.Handle("POST "+hookPath, hook)
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	server := &http.Server{Addr: os.Getenv(rivalListen), Handler: mux, ReadHeaderTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// split takes an answer's data apart: the question, and the value set.
func split(data string) (question, value string) {
	at := strings.LastIndexByte(data, '.')
	return data[:at], data[at+1:]
}

var rivalKeyboard = models.InlineKeyboardMarkup{InlineKeyboard: [][]models.InlineKeyboardButton{
	{{Text: "5", CallbackData: "a.1.1.1.1"}, {Text: "4", CallbackData: "a.1.1.1.2"}, {Text: "3", CallbackData: "a.1.1.1.3"}},
}}

// byHand is net/http and one commit per answer; 200 once both calls are made.
func byHand(pool *pgxpool.Pool, api string) http.Handler {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 512}, Timeout: time.Minute}
	call := func(ctx context.Context, method string, params any) error {
		body, err := json.Marshal(params)
		if err != nil {
			return err
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/"+method, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var u models.Update
		if err := json.NewDecoder(r.Body).Decode(&u); err != nil || u.CallbackQuery == nil {
			http.Error(w, "not a press", http.StatusBadRequest)
			return
		}
		q := u.CallbackQuery
		question, value := split(q.Data)
		_, saved := pool.Exec(r.Context(), sqlRivalSave, q.From.ID, question, value)
		answered := call(r.Context(), "answerCallbackQuery", map[string]any{"callback_query_id": q.ID})
		drawn := call(r.Context(), "editMessageText", map[string]any{"chat_id": q.From.ID, "message_id": q.Message.Message.ID,
			"text": "How satisfied are you? " + value, "reply_markup": rivalKeyboard})
		if err := errors.Join(saved, answered, drawn); err != nil {
			http.Error(w, "failed", http.StatusInternalServerError)
		}
	})
}

// byLibrary is the library's webhook handler as it comes.
func byLibrary(ctx context.Context, pool *pgxpool.Pool) (http.Handler, error) {
	b, err := tg.New(benchToken, tg.WithSkipGetMe(), tg.WithServerURL(os.Getenv(rivalAPI)), tg.WithWebhookSecretToken(hookSecret),
		tg.WithDefaultHandler(func(ctx context.Context, b *tg.Bot, u *models.Update) {
			q := u.CallbackQuery
			question, value := split(q.Data)
			_, saved := pool.Exec(ctx, sqlRivalSave, q.From.ID, question, value)
			_, answered := b.AnswerCallbackQuery(ctx, &tg.AnswerCallbackQueryParams{CallbackQueryID: q.ID})
			_, drawn := b.EditMessageText(ctx, &tg.EditMessageTextParams{ChatID: q.From.ID, MessageID: q.Message.Message.ID,
				Text: "How satisfied are you? " + value, ReplyMarkup: rivalKeyboard})
			if err := errors.Join(saved, answered, drawn); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}))
	if err != nil {
		return nil, err
	}
	go b.StartWebhook(ctx)
	return b.WebhookHandler(), nil
}
