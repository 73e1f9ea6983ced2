package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// shape lists the fields of an object or the parameters of a method.
type shape map[string]field

// field is one field's type: "int", "bool", "string", "chat" (number or
// @username), "file" (upload, file_id or address), "any", the name of an object
// in [objectTable], or "[]" before any of these.
type field struct {
	kind     string
	required bool
}

// parseShape reads "name:kind name:kind! …", ! meaning required.
func parseShape(spec string) shape {
	out := shape{}
	for word := range strings.FieldsSeq(spec) {
		name, kind, _ := strings.Cut(word, ":")
		kind, required := strings.CutSuffix(kind, "!")
		out[name] = field{kind: kind, required: required}
	}
	return out
}

// Parts that many methods share.
const (
	sendShape = ` business_connection_id:string chat_id:chat! message_thread_id:int direct_messages_topic_id:int
		disable_notification:bool protect_content:bool allow_paid_broadcast:bool message_effect_id:string
		suggested_post_parameters:SuggestedPostParameters reply_parameters:ReplyParameters reply_markup:ReplyMarkup `
	editShape    = ` business_connection_id:string chat_id:chat message_id:int inline_message_id:string reply_markup:InlineKeyboardMarkup `
	captionShape = ` caption:string parse_mode:string caption_entities:[]MessageEntity `
	scopeShape   = ` scope:BotCommandScope language_code:string `
	mediaShape   = ` type:string! media:string! ` + captionShape
)

// objectTable describes the nested objects of requests. A name with a slash is
// the variant of a union whose type field has that value.
func objectTable() map[string]shape {
	spec := map[string]string{
		"MessageEntity": `type:string! offset:int! length:int! url:string user:User language:string
			custom_emoji_id:string unix_time:int date_time_format:string`,
		"User": `id:int! is_bot:bool! first_name:string! last_name:string username:string language_code:string
			is_premium:bool added_to_attachment_menu:bool can_join_groups:bool can_read_all_group_messages:bool
			supports_inline_queries:bool supports_guest_queries:bool supports_join_request_queries:bool can_connect_to_business:bool
			can_manage_bots:bool has_main_web_app:bool has_topics_enabled:bool allows_users_to_create_topics:bool`,
		"LinkPreviewOptions": `is_disabled:bool url:string prefer_small_media:bool prefer_large_media:bool show_above_text:bool`,
		"ReplyParameters": `message_id:int! chat_id:chat allow_sending_without_reply:bool quote:string
			quote_parse_mode:string quote_entities:[]MessageEntity quote_position:int checklist_task_id:int poll_option_id:string`,
		"SuggestedPostParameters": `price:SuggestedPostPrice send_date:int`,
		"SuggestedPostPrice":      `currency:string! amount:int!`,
		"InlineKeyboardMarkup":    `inline_keyboard:[][]InlineKeyboardButton!`,
		"InlineKeyboardButton": `text:string! icon_custom_emoji_id:string style:string url:string callback_data:string
			web_app:WebAppInfo login_url:LoginUrl switch_inline_query:string switch_inline_query_current_chat:string
			switch_inline_query_chosen_chat:SwitchInlineQueryChosenChat copy_text:CopyTextButton callback_game:CallbackGame pay:bool`,
		"WebAppInfo":                  `url:string!`,
		"LoginUrl":                    `url:string! forward_text:string bot_username:string request_write_access:bool`,
		"SwitchInlineQueryChosenChat": `query:string allow_user_chats:bool allow_bot_chats:bool allow_group_chats:bool allow_channel_chats:bool`,
		"CopyTextButton":              `text:string!`,
		"CallbackGame":                ``,
		"ReplyKeyboardMarkup": `keyboard:[][]KeyboardButton! is_persistent:bool resize_keyboard:bool one_time_keyboard:bool
			input_field_placeholder:string selective:bool`,
		"ReplyKeyboardRemove": `remove_keyboard:bool! selective:bool`,
		"ForceReply":          `force_reply:bool! input_field_placeholder:string selective:bool`,
		"KeyboardButton": `text:string! icon_custom_emoji_id:string style:string request_users:KeyboardButtonRequestUsers
			request_chat:KeyboardButtonRequestChat request_managed_bot:any request_contact:bool request_location:bool
			request_poll:KeyboardButtonPollType web_app:WebAppInfo`,
		"KeyboardButtonRequestUsers": `request_id:int! user_is_bot:bool user_is_premium:bool max_quantity:int
			request_name:bool request_username:bool request_photo:bool`,
		"KeyboardButtonRequestChat": `request_id:int! chat_is_channel:bool! chat_is_forum:bool chat_has_username:bool
			chat_is_created:bool user_administrator_rights:any bot_administrator_rights:any bot_is_member:bool
			request_title:bool request_username:bool request_photo:bool`,
		"KeyboardButtonPollType": `type:string`,
		"InputMedia/photo":       mediaShape + `show_caption_above_media:bool has_spoiler:bool`,
		"InputMedia/document":    mediaShape + `thumbnail:string disable_content_type_detection:bool`,
		"BotCommand":             `command:string! description:string!`,

		"BotCommandScope/default":                 `type:string!`,
		"BotCommandScope/all_private_chats":       `type:string!`,
		"BotCommandScope/all_group_chats":         `type:string!`,
		"BotCommandScope/all_chat_administrators": `type:string!`,
		"BotCommandScope/chat":                    `type:string! chat_id:chat!`,
		"BotCommandScope/chat_administrators":     `type:string! chat_id:chat!`,
		"BotCommandScope/chat_member":             `type:string! chat_id:chat! user_id:int!`,

		"MenuButton/commands": `type:string!`,
		"MenuButton/web_app":  `type:string! text:string! web_app:WebAppInfo!`,
		"MenuButton/default":  `type:string!`,

		"ReactionType/emoji":        `type:string! emoji:string!`,
		"ReactionType/custom_emoji": `type:string! custom_emoji_id:string!`,
		"ReactionType/paid":         `type:string!`,
	}
	out := make(map[string]shape, len(spec))
	for name, fields := range spec {
		out[name] = parseShape(fields)
	}
	return out
}

// checkJSON checks that raw has the kind, all through, and says where not.
func (s *Sandbox) checkJSON(path, kind string, raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil || dec.More() {
		return badForm(fmt.Sprintf("can't parse %s: not a JSON %s", path, kind))
	}
	return s.checkValue(path, kind, v)
}

func (s *Sandbox) checkValue(path, kind string, v any) error {
	if elem, isList := strings.CutPrefix(kind, "[]"); isList {
		list, ok := v.([]any)
		if !ok {
			return badForm(fmt.Sprintf("field %q must be of type Array", path))
		}
		for i, e := range list {
			if err := s.checkValue(path+"["+strconv.Itoa(i)+"]", elem, e); err != nil {
				return err
			}
		}
		return nil
	}
	ok := true
	switch kind {
	case "any":
	case "string":
		_, ok = v.(string)
	case "bool":
		_, ok = v.(bool)
	case "int":
		ok = isInt(v)
	case "chat":
		name, isString := v.(string)
		ok = isInt(v) || isString && strings.HasPrefix(name, "@")
	default:
		return s.checkObject(path, kind, v)
	}
	if !ok {
		return badForm(fmt.Sprintf("field %q must be of type %s", path, kind))
	}
	return nil
}

func isInt(v any) bool {
	n, ok := v.(json.Number)
	if !ok {
		return false
	}
	_, err := n.Int64()
	return err == nil
}

func (s *Sandbox) checkObject(path, kind string, v any) error {
	obj, ok := v.(map[string]any)
	if !ok {
		return badForm(fmt.Sprintf("field %q must be of type Object", path))
	}
	kind, err := s.variant(path, kind, obj)
	if err != nil {
		return err
	}
	fields := s.shapes[kind]
	for name, value := range obj {
		f, known := fields[name]
		if !known {
			return badForm(fmt.Sprintf("%s has no field %q (in %s)", kind, name, path))
		}
		if value == nil && !f.required {
			continue
		}
		if err := s.checkValue(path+"."+name, f.kind, value); err != nil {
			return err
		}
	}
	for name, f := range fields {
		if _, has := obj[name]; f.required && !has {
			return badForm(fmt.Sprintf("field %q of %s is missing", path+"."+name, kind))
		}
	}
	return nil
}

// variant chooses the member of a union.
func (s *Sandbox) variant(path, kind string, obj map[string]any) (string, error) {
	switch kind {
	case "ReplyMarkup":
		for key, name := range map[string]string{
			"inline_keyboard": "InlineKeyboardMarkup", "keyboard": "ReplyKeyboardMarkup",
			"remove_keyboard": "ReplyKeyboardRemove", "force_reply": "ForceReply",
		} {
			if _, has := obj[key]; has {
				return name, nil
			}
		}
		return "", badForm(fmt.Sprintf("field %q is no kind of reply markup", path))
	case "BotCommandScope", "MenuButton", "ReactionType", "InputMedia":
		kind += "/" + fmt.Sprint(obj["type"])
	}
	if _, known := s.shapes[kind]; !known {
		return "", badForm(fmt.Sprintf("field %q: there is no %s here", path, kind))
	}
	return kind, nil
}

// updateKinds are the names that allowed_updates may hold.
var updateKinds = []string{
	"message", "edited_message", "channel_post", "edited_channel_post", "business_connection", "business_message",
	"edited_business_message", "deleted_business_messages", "guest_message", "message_reaction",
	"message_reaction_count", "inline_query", "chosen_inline_result", "callback_query", "shipping_query",
	"pre_checkout_query", "purchased_paid_media", "poll", "poll_answer", "my_chat_member", "chat_member",
	"chat_join_request", "chat_boost", "removed_chat_boost", "managed_bot",
}

// allowedUpdates turns the parameter into a set; nil means the default, all but
// three kinds.
func allowedUpdates(names []string) (map[string]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	set := map[string]bool{}
	for _, n := range names {
		if !slices.Contains(updateKinds, n) {
			return nil, badForm("allowed_updates: there is no update " + quoted(n))
		}
		set[n] = true
	}
	return set, nil
}
